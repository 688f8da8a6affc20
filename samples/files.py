"""Which file each unit has, what a row of it is, and which made-up bodies issue the certificates."""

import random
from dataclasses import dataclass, field
from typing import Any

from contract import regions
from samples.sheets import FIELDS, OPTIONAL, Cell


@dataclass(frozen=True, slots=True)
class File:
    """Of one unit. ``encoding`` and ``newline`` matter for csv only; ``blanks`` go around some headers."""

    unit: str
    name: str
    encoding: str = ""
    newline: str = "\r\n"
    blanks: bool = False
    without: tuple[str, ...] = ()


# In the order in which they are imported.
FILES = (
    File("130100", "130100-shijiazhuang.xlsx"),
    File("130200", "130200-tangshan.csv", "utf-8"),
    File("130300", "130300-qinhuangdao.csv", "gb18030", without=OPTIONAL),
    File("130400", "130400-handan.xlsx", blanks=True),
    File("130500", "130500-xingtai.csv", "utf-8-sig"),
    File("130600", "130600-baoding.xlsx"),
    File("130700", "130700-zhangjiakou.csv", "gb18030"),
    File("130800", "130800-chengde.csv", "utf-8", newline="\n", without=("备注",)),
    File("130900", "130900-cangzhou.xlsx", without=("备注",)),
    File("131000", "131000-langfang.csv", "utf-8-sig", blanks=True),
    File("131100", "131100-hengshui.csv", "gb18030", newline="\n", blanks=True),
    File("130682", "130682-dingzhou.xlsx"),
    File("130181", "130181-xinji.csv", "utf-8"),
    File("133100", "133100-xiongan.xlsx", without=OPTIONAL),
)


@dataclass(frozen=True, slots=True)
class Body:
    """评价机构. ``kind`` (Y or S), ``code`` and ``site`` stand in its numbers; ``prefix`` is what it files."""

    kind: str
    code: str
    site: str
    name: str

    @property
    def prefix(self) -> str:
        return f"{self.kind}{self.code}13{self.site}"


def body_of(unit: str) -> Body:
    """Which issues the certificates of a unit's roster."""
    place = [file.unit for file in FILES].index(unit) + 1
    kind = "YS"[place % 2]
    name = f"{regions.get(unit).name}示例{'职业技能评价中心' if kind == 'S' else '养老服务有限公司'}"
    return Body(kind, f"90{place:02d}", f"{place:02d}0001", name)


EXAMPLE = Body("Y", "9999", "000000", "河北示例职业技能评价中心")  # of the description's example


def bodies() -> list[Body]:
    return [*(body_of(file.unit) for file in FILES), EXAMPLE]


@dataclass(slots=True)
class Made:
    """A row as written, the certificate it stands for, and what the importer must answer. An empty row has no body."""

    body: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, Cell] = field(default_factory=dict)
    outcome: str = "created"
    field: str = ""
    code: str = ""
    note: str = ""
    counts: bool = True  # False: created, and needs review before it counts


def headers(file: File) -> list[str]:
    """The file's own order of columns, the same each time."""
    rng = random.Random(file.unit)
    order = [header for header in FIELDS if header not in file.without]
    rng.shuffle(order)
    return [f" {header}\u3000" if file.blanks and rng.random() < 0.4 else header for header in order]
