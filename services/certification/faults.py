"""Fault: one field that cannot be taken, and why. Never quotes the value: it may be personal."""

import re
from typing import NamedTuple

from contract.certification import CertificateInvalid
from contract.errors import field_error


class Fault(NamedTuple):
    """``field`` is the contract's name of it; ``code`` is stable; ``zh`` and ``en`` say what to do."""

    field: str
    code: str
    zh: str
    en: str

    def at(self) -> dict[str, str]:
        return field_error(f"/{self.field}", self.code, self.zh, self.en)


def refusal(faults: tuple[Fault, ...]) -> CertificateInvalid:
    return CertificateInvalid(
        "证书内容有误，请按所列字段更正后重新提交",
        "the certificate's content has errors; correct the listed fields and send it again",
        [fault.at() for fault in faults],
    )


def missing(field: str) -> Fault:
    return Fault(field, "missing", "必填", "is required")


def too_long(field: str, at_most: int) -> Fault:
    return Fault(field, "text_too_long", f"不能超过{at_most}个字符", f"must not exceed {at_most} characters")


# Excel keeps 15 digits of a number and shows the rest as a power of ten; the digits behind are gone for good. Other
# programs write powers without the plus, of shorter numbers too.
_DAMAGED = re.compile(r"[+-]?\d+(\.\d+)?E\+\d+|\d\.\d+E\d+")
_POWER = re.compile(r"(\d)\.(\d+)E\+?(\d{1,2})")


def damaged(field: str, text: str) -> Fault | None:
    """The fault of a long number that a spreadsheet has turned into a floating-point one."""
    if not _DAMAGED.fullmatch(text):
        return None
    return Fault(
        field,
        "number_damaged",
        "号码已被表格软件改成科学计数法，后几位已丢失：请把该列设为“文本”格式后重新录入完整号码",
        "a spreadsheet turned the number into scientific notation and lost its last digits: "
        "format the column as text and enter the full number again",
    )


def whole_number(text: str) -> str:
    """A number that was stored as a power of ten without losing a digit (1.2345678E7), written out; any other text as
    it is."""
    found = _POWER.fullmatch(text)
    if found is None or len(found[2]) != int(found[3]):
        return text
    return found[1] + found[2]
