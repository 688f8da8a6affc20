"""What is printed on the certificate: its number, level and date of issue, and whether they agree (domain.md §4).

Number of the 2019 scheme, 22 characters: 1 kind of body (Y employer, S social body), 4 its code, 2 province, 6 site,
2 year, 1 level, 6 serial. It has no check digit.
"""

import datetime as dt
import re
import unicodedata
from functools import lru_cache

from contract import identifying
from contract.words import LEVELS
from services.certification.faults import Fault, damaged, missing

HEBEI = "13"
_NUMBER = re.compile(r"[YS][0-9]{21}")
# 16 digits: before 2019. Two letters and 20 digits: 特级技师. Real, but nothing in them can be checked.
_UNCHECKABLE = re.compile(r"[0-9]{16}|[A-Z]{2}[0-9]{20}")
_LEVELS = {form: code for code, (rank, title) in LEVELS.items() for form in (code, rank, title, f"{rank}/{title}")}
_DATES = (
    re.compile(r"(\d{4})([-/.·])(\d{1,2})\2(\d{1,2})"),
    re.compile(r"(\d{4})(年)(\d{1,2})月(\d{1,2})[日号]"),
    re.compile(r"(\d{4})()(\d{2})(\d{2})"),
)
# What other programs write behind the day. With an offset it may be another day here, and is refused.
_CLOCK = re.compile(r"[T ] ?(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?$")
_DASHES = re.compile("[‐‑‒–—―−]")
_SERIAL = re.compile(r"[2-6]\d{4}(\.\d+)?")  # the days since 1900 that a spreadsheet keeps, as text


def read_number(text: str, *, field: str = "certificate_number") -> str | Fault:
    number = identifying.number(text)
    if not number:
        return missing(field)
    if fault := damaged(field, number):
        return fault
    if _NUMBER.fullmatch(number) or _UNCHECKABLE.fullmatch(number):
        return number
    if odd := identifying.stranger(number):
        return Fault(
            field, "certificate_number_invalid", f"证书编号{odd[0]}，应只有数字和字母", f"a certificate number {odd[1]}"
        )
    return Fault(
        field,
        "certificate_number_invalid",
        f"证书编号应为Y或S开头加21位数字（旧证为16位数字，特级技师为2位字母加20位数字），实为{len(number)}位",
        "must be Y or S and 21 digits (16 digits on old certificates, two letters and 20 digits for 特级技师); "
        f"it has {len(number)} characters",
    )


def needs_review(number: str) -> bool:
    """Whether a person has to look before it counts: the number says nothing that could be checked, or it was issued
    under another province's filing, of which a holder here is possible but not usual."""
    return not _NUMBER.fullmatch(number) or number[5:7] != HEBEI


def filing_prefix(number: str) -> str | None:
    """Its first 13 characters, by which the body that issued it has filed; None on older and 特级技师 certificates,
    whose numbers tell nothing of a filing."""
    return number[:13] if _NUMBER.fullmatch(number) else None


def contradictions(*, number: str, level: str, issued_on: dt.date) -> list[Fault]:
    """Where the number says something else than the certificate."""
    if not _NUMBER.fullmatch(number):
        return []
    found: list[Fault] = []
    if int(number[13:15]) != issued_on.year % 100:
        found.append(
            Fault(
                "issued_on",
                "year_contradicts_number",
                f"发证年份{issued_on.year}与证书编号中的年份{number[13:15]}不符",
                f"the year {issued_on.year} contradicts the number, which says {number[13:15]}",
            )
        )
    if number[15] != level:
        found.append(
            Fault(
                "level",
                "level_contradicts_number",
                f"等级{'/'.join(LEVELS[level])}与证书编号中的等级{number[15]}不符",
                f"level {level} contradicts the number, which says {number[15]}",
            )
        )
    return found


@lru_cache(maxsize=1024)
def read_level(text: str) -> str | Fault:
    """The code of words.LEVELS, from ``五级``, ``五级/初级工``, ``初级工`` or ``5``."""
    level = unicodedata.normalize("NFKC", "".join(identifying.visible(text).split()))
    if not level:
        return missing("level")
    return _LEVELS.get(level) or Fault(
        "level",
        "level_unknown",
        "等级应为五级/初级工、四级/中级工、三级/高级工、二级/技师、一级/高级技师、特级/特级技师之一，或5至0",
        "must be a level of the trade, such as 五级, 五级/初级工, 初级工 or 5",
    )


@lru_cache(maxsize=16384)
def read_day(text: str, *, today: dt.date) -> dt.date | Fault:
    """``2023-05-01``, ``2023/5/1``, ``2023.5.1``, ``2023年5月1日`` (or 号) or ``20230501``, also with a time of day
    behind it; not after today."""
    written = _DASHES.sub("-", unicodedata.normalize("NFKC", " ".join(identifying.visible(text).split())))
    if not written:
        return missing("issued_on")
    written = _CLOCK.sub("", written).replace(" ", "")
    for shape in _DATES:
        if found := shape.fullmatch(written):
            year, _, month, day = found.groups()
            try:
                return check_day(dt.date(int(year), int(month), int(day)), today=today)
            except ValueError:
                break
    if _SERIAL.fullmatch(written):
        return Fault(
            "issued_on",
            "issued_on_unreadable",
            "发证日期成了表格软件的日期序号：请把该列设为日期格式，或按 2023-05-01 重新填写",
            "is a spreadsheet's number for a day: format the column as a date, or write it as 2023-05-01",
        )
    return Fault(
        "issued_on",
        "issued_on_unreadable",
        "发证日期应为日期，精确到日，如 2023-05-01、2023/5/1、2023年5月1日、20230501",
        "must be a date down to its day, such as 2023-05-01, 2023/5/1, 2023年5月1日 or 20230501",
    )


def check_day(day: dt.date, *, today: dt.date) -> dt.date | Fault:
    if day > today:
        return Fault("issued_on", "issued_on_future", "发证日期晚于今天", "is later than today")
    return day
