"""A roster's header and rows (domain.md §4): cells in, content or faults out. A cell is the text that is seen in it."""

import datetime as dt
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from contract.cells import heading, unreadable
from contract.cells import is_header as has_headings
from contract.certification import RosterUnreadable
from services.certification import content
from services.certification.content import Content
from services.certification.faults import Fault

FIELDS = {
    "姓名": "holder_name",
    "证件类型": "document_type",
    "证件号码": "document_number",
    "职业名称": "occupation",
    "工种": "work_type",
    "等级": "level",
    "证书编号": "certificate_number",
    "发证日期": "issued_on",
    "评价机构": "assessor",
    "行政区划": "region",
    "联系电话": "phone",
    "备注": "remarks",
}
HEADERS = {field: header for header, field in FIELDS.items()}
OPTIONAL = ("联系电话", "备注")
_DISPENSABLE = ("phone",)  # what cannot be read there costs it alone
_ORDER = {field: place for place, field in enumerate(FIELDS.values())}
_HEADINGS = frozenset(FIELDS)


class Line(NamedTuple):
    """What a row says, or its faults; ``notes``: what of it was left out, and why."""

    content: Content | tuple[Fault, ...]
    notes: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Columns:
    """Where each field stands. ``headers`` are those of the file, in its order and spelling."""

    headers: tuple[str, ...]
    places: tuple[tuple[str, int], ...]

    @classmethod
    def read(cls, cells: Sequence[str]) -> "Columns":
        """Raises RosterUnreadable naming each missing or repeated column, and what was probably meant."""
        headers = tuple(cells)
        names = [heading(header) for header in headers]
        missing = [name for name in FIELDS if name not in names and name not in OPTIONAL]
        if missing:
            raise _header_wrong(missing, [name for name in names if name and name not in FIELDS])
        repeated = [name for name in FIELDS if names.count(name) > 1]
        if repeated:
            raise RosterUnreadable(
                f"表头中重复的列：{'、'.join(repeated)}；每列只能出现一次",
                f"columns that appear twice: {', '.join(repeated)}",
                facts={"repeated": repeated},
            )
        places = tuple((field, names.index(name)) for name, field in FIELDS.items() if name in names)
        return cls(headers=headers, places=places)

    def row(self, cells: Sequence[str], *, today: dt.date) -> Content | tuple[Fault, ...]:
        return self.line(cells, today=today).content

    def line(self, cells: Sequence[str], *, today: dt.date) -> Line:
        width = len(cells)
        given = {field: cells[place] for field, place in self.places if place < width}
        unread: list[Fault] = []
        if "#" in "".join(cells):
            unread = [Fault(field, *why) for field, text in given.items() if (why := unreadable(text))]
        said = content.read(given, today=today)
        if not unread and not isinstance(said, tuple):
            return Line(said)
        named = {fault.field for fault in unread}
        faults = unread + [fault for fault in said if fault.field not in named] if isinstance(said, tuple) else unread
        if any(fault.field not in _DISPENSABLE for fault in faults):
            return Line(tuple(sorted(faults, key=lambda fault: _ORDER[fault.field])))
        for fault in faults:
            del given[fault.field]
        return Line(content.read(given, today=today), tuple(faults))


def is_header(cells: Sequence[str]) -> bool:
    """Whether most of the columns are here, so that a row is meant as the header though it may not be right."""
    return has_headings(cells, _HEADINGS)


def explained(faults: Sequence[Fault]) -> tuple[str, str]:
    """The reasons of one row in a line each, Chinese and English, columns named as the centre knows them."""
    zh = "；".join(f"{HEADERS.get(fault.field, fault.field)}：{fault.zh}" for fault in faults)
    en = "; ".join(f"{fault.field}: {fault.en}" for fault in faults)
    return zh[:500], en[:500]


def _header_wrong(missing: list[str], strangers: list[str]) -> RosterUnreadable:
    guesses = {
        name: close[0] for name in missing if (close := difflib.get_close_matches(name, strangers, n=1, cutoff=0.5))
    }
    zh = [f"{name}（是否写成了“{guesses[name][:20]}”？）" if name in guesses else name for name in missing]
    en = [f"{name} (is it {guesses[name][:20]!r}?)" if name in guesses else name for name in missing]
    return RosterUnreadable(
        f"表头缺少列：{'、'.join(zh)}。第一行应为表头：{'、'.join(FIELDS)}（后两列可省略）",
        f"the header lacks: {', '.join(en)}. The first row must be the header; 联系电话 and 备注 may be left out",
        facts={"missing": missing, "suggestions": [f"{guesses[name]} -> {name}" for name in guesses]},
    )
