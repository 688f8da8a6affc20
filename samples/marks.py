"""The rows made on purpose: what is wrong with each, or what it must not change, and in which unit's file it stands."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from contract.words import LEVELS
from samples import people
from samples.sheets import Cell

Row = dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that must be rejected for exactly one reason. ``spoil`` changes a sound row, plainly written."""

    unit: str
    field: str
    code: str
    note: str
    spoil: Callable[[Row], None]


@dataclass(frozen=True, slots=True)
class Story:
    """One person with two certificates, each (unit, issued on, level); the counties are chosen by the generator."""

    note: str
    first: tuple[str, str, str]
    second: tuple[str, str, str]
    full_width: bool = False  # the second time, the number is typed full-width and in lower case


@dataclass(frozen=True, slots=True)
class Again:
    """A row that tells a number of its file a second time: in the same words, or as ``rewrite`` changes them."""

    unit: str
    outcome: str
    note: str
    rewrite: Callable[[Row], None]


def _put(header: str, value: Cell) -> Callable[[Row], None]:
    def spoil(row: Row) -> None:
        row[header] = value

    return spoil


def _change(header: str, change: Callable[[str], Cell]) -> Callable[[Row], None]:
    def spoil(row: Row) -> None:
        row[header] = change(str(row[header]))

    return spoil


def _drop(header: str) -> Callable[[Row], None]:
    def spoil(row: Row) -> None:
        del row[header]

    return spoil


def _wrong_check_digit(number: str) -> str:
    return number[:-1] + ("7" if number[-1] != "7" else "3")


def _thirtieth_of_february(number: str) -> str:
    first17 = f"{number[:6]}19680230{number[14:17]}"
    return first17 + people.check_digit(first17)


def _as_excel_keeps_it(number: str) -> float:
    return float(number[:17] + "0")  # 15 digits survive, the rest is noughts


def _future(row: Row) -> None:
    number = str(row["证书编号"])
    row["发证日期"] = "2099-05-04"
    row["证书编号"] = f"{number[:13]}99{number[15:]}"  # the year in the number agrees: one fault a row


def _future_date_cell(row: Row) -> None:
    _future(row)
    row["发证日期"] = dt.date(2099, 5, 4)


def _other_words(row: Row) -> None:
    day = dt.date.fromisoformat(str(row["发证日期"]))
    row["发证日期"] = f"{day.year}年{day.month}月{day.day}日"
    row["等级"] = LEVELS[str(row["等级"])][1]
    row["证件号码"] = full_width(str(row["证件号码"]))
    row["姓名"] = f" {row['姓名']} "
    row.pop("证件类型", None)


def _day_later(row: Row) -> None:
    day = dt.date.fromisoformat(str(row["发证日期"]))
    row["发证日期"] = (day + dt.timedelta(days=1 if day.month < 12 else -1)).isoformat()


def _somebody_else(row: Row) -> None:
    other = people.resident(900_001)
    row["姓名"], row["证件号码"] = other.name, other.document_number


def full_width(number: str) -> str:
    return "".join(chr(ord(character) + 0xFEE0) for character in number.lower())


DOCUMENT = "证件号码"
CERTIFICATE = "证书编号"
ISSUED = "发证日期"
REGION = "行政区划"
LEVEL = "等级"

FAULTS = (
    Fault("130100", "document_number", "document_number_invalid", "校验码不对", _change(DOCUMENT, _wrong_check_digit)),
    Fault("130200", "document_number", "document_number_invalid", "校验码不对", _change(DOCUMENT, _wrong_check_digit)),
    Fault("131100", "document_number", "document_number_invalid", "校验码不对", _change(DOCUMENT, _wrong_check_digit)),
    Fault("130300", "document_number", "document_number_invalid", "只有17位", _change(DOCUMENT, lambda n: n[:17])),
    Fault("130600", "document_number", "document_number_invalid", "只有17位", _change(DOCUMENT, lambda n: n[1:])),
    Fault("130400", "document_number", "document_number_invalid", "多出一位", _change(DOCUMENT, lambda n: n + "0")),
    Fault(
        *("130500", "document_number", "document_number_invalid", "数字0写成字母O"),
        _change(DOCUMENT, lambda n: n.replace("0", "O", 1)),
    ),
    Fault(
        *("130700", "document_number", "document_number_invalid", "出生日期为2月30日，校验码正确"),
        _change(DOCUMENT, _thirtieth_of_february),
    ),
    Fault("130600", "document_number", "number_damaged", "Excel存成数值", _change(DOCUMENT, _as_excel_keeps_it)),
    Fault("130900", "document_number", "number_damaged", "Excel存成数值", _change(DOCUMENT, _as_excel_keeps_it)),
    Fault("130200", "document_number", "number_damaged", "导出成科学计数法", _put(DOCUMENT, "1.30102E+17")),
    Fault(
        *("131000", "document_number", "number_damaged", "导出成科学计数法"),
        _change(DOCUMENT, lambda n: f"{_as_excel_keeps_it(n):.14E}"),
    ),
    Fault("130800", "issued_on", "issued_on_future", "发证日期在未来", _future),
    Fault("130400", "issued_on", "issued_on_future", "发证日期在未来（日期单元格）", _future_date_cell),
    Fault("130500", "issued_on", "issued_on_unreadable", "没有13月", _put(ISSUED, "2023年13月5日")),
    Fault("130900", "issued_on", "issued_on_unreadable", "不是日期", _put(ISSUED, "去年五月")),
    Fault("131100", "issued_on", "issued_on_unreadable", "没有2月30日", _put(ISSUED, "2023-02-30")),
    Fault(
        *("130100", "issued_on", "year_contradicts_number", "证书编号里是22年，发证日期在2023年"),
        _change(CERTIFICATE, lambda n: f"{n[:13]}22{n[15:]}"),
    ),
    Fault(
        *("130700", "issued_on", "year_contradicts_number", "证书编号里是21年，发证日期在2023年"),
        _change(CERTIFICATE, lambda n: f"{n[:13]}21{n[15:]}"),
    ),
    Fault("130200", "level", "level_contradicts_number", "证书编号里是五级", _put(LEVEL, "三级")),
    Fault("130682", "level", "level_contradicts_number", "证书编号里是五级", _put(LEVEL, 4)),
    Fault("130181", "level", "level_unknown", "没有六级", _put(LEVEL, "六级")),
    Fault("130300", "level", "level_unknown", "不是职业技能等级", _put(LEVEL, "中等")),
    Fault("130100", "region", "region_ambiguous", "三个市有过桥西区", _put(REGION, "桥西区")),
    Fault("130900", "region", "region_ambiguous", "石家庄、沧州都有新华区", _put(REGION, "新华区")),
    Fault("130500", "region", "region_ambiguous", "邢台县2020年撤销，分入两个区", _put(REGION, "邢台县")),
    Fault("130600", "region", "region_unknown", "开发区不是行政区划", _put(REGION, "保定白沟新城")),
    Fault("131000", "region", "region_unknown", "外省代码", _put(REGION, "110105")),
    Fault("133100", "region", "region_unknown", "没有这个市", _put(REGION, "雄安市")),
    Fault("130400", "holder_name", "missing", "缺姓名", _drop("姓名")),
    Fault("130300", "document_number", "missing", "缺证件号码", _drop(DOCUMENT)),
    Fault("133100", "certificate_number", "missing", "缺证书编号", _drop(CERTIFICATE)),
    Fault("130800", "issued_on", "missing", "缺发证日期", _put(ISSUED, "　 ")),
    Fault("131100", "region", "missing", "缺行政区划", _drop(REGION)),
    Fault("130682", "level", "missing", "缺等级", _drop(LEVEL)),
    Fault(
        *("130200", "certificate_number", "certificate_number_invalid", "只有21位"),
        _change(CERTIFICATE, lambda n: n[:-1]),
    ),
    Fault(
        *("130600", "certificate_number", "certificate_number_invalid", "首字母不是Y、S"),
        _change(CERTIFICATE, lambda n: "A" + n[1:]),
    ),
    Fault("130800", "document_type", "document_type_unknown", "不收驾驶证", _put("证件类型", "驾驶证")),
    Fault("131000", "occupation", "occupation_unknown", "不是养老护理员", _put("职业名称", "育婴员")),
    Fault("130181", "remarks", "text_too_long", "备注1200字", _put("备注", "备注过长" * 300)),
    Fault("130700", "holder_name", "text_too_long", "姓名80字", _put("姓名", "某" * 80)),
    Fault("130600", "work_type", "cell_error", "工种为错误值", _put("工种", "#N/A")),
    Fault("130900", "holder_name", "cell_error", "姓名为错误值", _put("姓名", "#REF!")),
)

STORIES = (
    Story("同年第二本、等级更高：两本都建立，只计一人", ("130100", "2023-03-06", "5"), ("130100", "2023-09-11", "4")),
    Story("同年在另一市第二本：计在首本所在地", ("130200", "2023-02-20", "5"), ("131000", "2023-10-16", "4")),
    Story("首本在2022年（另一市）：不计入2023年", ("130400", "2022-08-15", "5"), ("130500", "2023-04-17", "4")),
    Story("首本在2022年（同一文件）：不计入2023年", ("130600", "2022-05-23", "5"), ("130600", "2023-06-12", "4")),
    Story("2023年首本、2024年第二本：2023年计一人", ("130700", "2023-07-03", "5"), ("130700", "2024-01-15", "4")),
    Story("较早的一本后导入：计在较早一本所在地", ("130800", "2023-11-20", "4"), ("133100", "2023-05-08", "5")),
    Story("第二本号码用全角小写：仍是同一人", ("131100", "2023-03-27", "5"), ("131100", "2023-08-28", "3"), True),
    Story("首本2022年在雄安，2023年在定州：不计入2023年", ("133100", "2022-11-07", "5"), ("130682", "2023-05-22", "4")),
)

AGAIN = (
    Again("130200", "duplicate", "与前面一行完全相同", lambda row: None),
    Again("130600", "duplicate", "与前面一行完全相同", lambda row: None),
    Again("130100", "duplicate", "内容相同、写法不同（日期、等级、全角号码）", _other_words),
    Again("131100", "duplicate", "内容相同、写法不同（日期、等级、全角号码）", _other_words),
    Again("130500", "conflict", "证书编号已有，姓名不同", _put("姓名", "示例另名")),
    Again("130900", "conflict", "证书编号已有，人不同", _somebody_else),
    Again("133100", "conflict", "证书编号已有，发证日期不同", _day_later),
)

# (unit, issued on, level, certificate number): created, but to be reviewed before they count.
TO_REVIEW = (
    ("130300", "2018-06-11", "5", "1803000000500123"),
    ("130900", "2017-09-18", "4", "1703000000400456"),
    ("130100", "2023-08-21", "0", "YT90011301000123000017"),
)
