"""Which file each unit has, and what a row of it is."""

import random
from dataclasses import dataclass, field
from typing import Any

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
