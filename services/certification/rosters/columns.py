"""A roster's header and rows (domain.md §4): cells in, content or faults out. A cell is the text that is seen in it."""

import datetime as dt
import difflib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Columns:
    """Where each field stands. ``headers`` are those of the file, in its order and spelling."""

    headers: tuple[str, ...]
    places: tuple[tuple[str, int], ...]

    @classmethod
    def read(cls, cells: Sequence[str]) -> "Columns":
        """Raises RosterUnreadable naming each missing or repeated column, and what was probably meant."""
        headers = tuple(cells)
        names = [_folded(header) for header in headers]
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
        width = len(cells)
        given = {field: cells[place] for field, place in self.places if place < width}
        return content.read(given, today=today)


def is_header(cells: Sequence[str]) -> bool:
    """Whether most of the columns are here, so that a row is meant as the header though it may not be right."""
    names = {_folded(cell) for cell in cells}
    return len(names & FIELDS.keys()) >= 5


def explained(faults: Sequence[Fault]) -> tuple[str, str]:
    """The reasons of one row in a line each, Chinese and English, columns named as the centre knows them."""
    zh = "；".join(f"{HEADERS.get(fault.field, fault.field)}：{fault.zh}" for fault in faults)
    en = "; ".join(f"{fault.field}: {fault.en}" for fault in faults)
    return zh[:500], en[:500]


def _folded(header: str) -> str:
    return unicodedata.normalize("NFKC", "".join(header.split())).strip("\ufeff")


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
