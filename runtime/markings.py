"""What the workbook's reader does not tell of a sheet: error values, formulas without a result, dates of which only the
month is seen, hidden rows and merged areas. Read from the sheet's own part, and only where there is any of it.
"""

import datetime as dt
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO
from xml.parsers import expat

from contract.cells import NO_VALUE

_BLOCK = 1 << 20
_SIGNS = (b'"e"', b"'e'", b"<f", b":f", b"idden", b"ergeCell")
_MONTHS_BUILT_IN = {17: "ym", 27: "ym", 36: "ym", 50: "ym", 52: "ym", 57: "ym"}
_NO_FORMAT = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.')  # literals, and colours and locales

Area = tuple[int, int, int, int]  # first row and column, last row and column, counted from 1 and 0


@dataclass
class Markings:
    """``texts``: by row and column, what is seen there instead of a value."""

    texts: dict[int, dict[int, str]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    merged: list[Area] = field(default_factory=list)


class Parts:
    """The parts of a workbook by the names that they are meant to have: some programs write backslashes or capitals."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {_folded(name): name for name in archive.namelist()}

    def __contains__(self, name: str) -> bool:
        return _folded(name) in self._names

    def open(self, name: str) -> IO[bytes]:
        """Raises KeyError."""
        return self._archive.open(self._names[_folded(name)])

    def kind(self) -> str:
        """What the archive is instead of a workbook, as far as it can be told."""
        kinds = {"word/document.xml": "word", "ppt/presentation.xml": "ppt", "xl/workbook.bin": "xlsb"}
        for name, kind in kinds.items():
            if name in self:
                return kind
        if "content.xml" in self and "mimetype" in self:
            return "ods"
        return "archive" if any(name.endswith((".xlsx", ".xls", ".csv", ".et")) for name in self._names) else ""

    def sheets(self) -> dict[str, str]:
        """The part of each sheet, by the sheet's name."""
        targets = {
            attributes["Id"]: attributes["Target"]
            for name, attributes in self._elements("xl/_rels/workbook.xml.rels")
            if name == "Relationship"
        }
        found = {}
        for name, attributes in self._elements("xl/workbook.xml"):
            if name == "sheet":
                relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
                target = targets.get(relation, "").replace("\\", "/")
                found[attributes.get("name", "")] = target[1:] if target.startswith("/") else f"xl/{target}"
        return found

    def markings(self, part: str, styles: "Styles") -> Markings | None:
        """None where there are none."""
        signs = (*_SIGNS, *(f's="{number}"'.encode() for number in styles.months))
        with self.open(part) as sheet:
            if not _any_of(signs, sheet):
                return None
        with self.open(part) as sheet:
            return _Reading(styles).of(sheet)

    def styles(self) -> "Styles":
        since_1904 = any(
            attributes.get("date1904") in ("1", "true")
            for name, attributes in self._elements("xl/workbook.xml")
            if name == "workbookPr"
        )
        formats, months, number, inside = dict(_MONTHS_BUILT_IN), {}, 0, False
        for name, attributes in self._elements("xl/styles.xml"):
            if name == "numFmt":
                formats[int(attributes["numFmtId"])] = _parts_of_a_day(attributes["formatCode"])
            elif name in ("cellXfs", "cellStyles"):
                inside = name == "cellXfs"
            elif name == "xf" and inside:
                seen = formats.get(int(attributes.get("numFmtId", 0)), "")
                if "y" in seen and "d" not in seen:
                    months[str(number)] = "m" in seen
                number += 1
        return Styles(months, since_1904)

    def _elements(self, part: str) -> Iterator[tuple[str, dict[str, str]]]:
        if part not in self:
            return
        found: list[tuple[str, dict[str, str]]] = []
        parser = expat.ParserCreate()
        parser.StartElementHandler = lambda name, attributes: found.append((_local(name), attributes))
        with self.open(part) as file:
            parser.ParseFile(file)
        yield from found


@dataclass(frozen=True)
class Styles:
    """``months``: the styles that show no day, and whether they show a month."""

    months: Mapping[str, bool]
    since_1904: bool


class _Reading:
    """One pass over a sheet's part."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self._found = Markings()
        self._row, self._column = 0, -1
        self._kind, self._style = "n", ""
        self._formula = self._valued = False
        self._value = ""
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end

    def of(self, sheet: IO[bytes]) -> Markings:
        self._parser.ParseFile(sheet)
        return self._found

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        match _local(name):
            case "c":
                place = attributes.get("r")
                self._column = self._column + 1 if place is None else _place(place)[1]
                self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
                self._formula = self._valued = False
                self._value = ""
            case "v":
                self._valued = True
                self._parser.CharacterDataHandler = self._text
            case "f":
                self._formula = True
            case "row":
                self._row, self._column = int(attributes.get("r", self._row + 1)), -1
                if attributes.get("hidden") in ("1", "true"):
                    self._found.hidden.add(self._row)
            case "mergeCell":
                first, _, last = attributes["ref"].partition(":")
                self._found.merged.append((*_place(first), *_place(last or first)))

    def _text(self, text: str) -> None:
        self._value += text

    def _end(self, name: str) -> None:
        match _local(name):
            case "v":
                self._parser.CharacterDataHandler = None
            case "c":
                if seen := self._seen():
                    self._found.texts.setdefault(self._row, {})[self._column] = seen

    def _seen(self) -> str | None:
        if self._kind == "e" and self._value:
            return self._value
        if self._formula and not self._value and not (self._kind == "str" and self._valued):  # that one is ""
            return NO_VALUE
        if self._value and self._kind == "n" and self._style in self._styles.months:
            first = dt.date(1904, 1, 1) if self._styles.since_1904 else dt.date(1899, 12, 30)
            day = first + dt.timedelta(days=int(float(self._value)))
            return f"{day:%Y-%m}" if self._styles.months[self._style] else f"{day:%Y}"
        return None


def _parts_of_a_day(code: str) -> str:
    return _NO_FORMAT.sub("", code).lower()


def _any_of(signs: tuple[bytes, ...], file: IO[bytes]) -> bool:
    """Whether one of these stands in the file; one in UTF-16 may have any."""
    before = b""
    while block := file.read(_BLOCK):
        if not before and block[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return True
        block = before + block
        if any(sign in block for sign in signs):
            return True
        before = block[-16:]
    return False


@lru_cache(maxsize=1024)
def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _place(reference: str) -> tuple[int, int]:
    """Row, from 1, and column, from 0, of ``B7``."""
    letters = reference.rstrip("0123456789")
    return int(reference[len(letters) :]), _column(letters.replace("$", ""))


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _folded(name: str) -> str:
    return name.replace("\\", "/").lower().lstrip("/")
