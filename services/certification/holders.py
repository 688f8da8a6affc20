"""The person on a certificate: identity documents, phone, and how both are shown."""

import datetime as dt
import re
from dataclasses import dataclass

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from contract import identifying
from contract.words import DocumentType
from services.certification.faults import Fault, damaged, missing, too_long, whole_number

_DOCUMENT_TYPES = {
    "": DocumentType.RESIDENT_ID,
    "居民身份证": DocumentType.RESIDENT_ID,
    "身份证": DocumentType.RESIDENT_ID,
    "港澳台居民居住证": DocumentType.RESIDENCE_PERMIT,
    "港澳居民居住证": DocumentType.RESIDENCE_PERMIT,
    "台湾居民居住证": DocumentType.RESIDENCE_PERMIT,
    "护照": DocumentType.PASSPORT,
}
_PERMIT_REGIONS = ("810000", "820000", "830000")  # 香港, 澳门, 台湾 (港澳台居民居住证申领发放办法, 2018)
_EIGHTEEN = re.compile(r"[1-9][0-9]{16}[0-9X]")
_PASSPORT = re.compile(r"(?=[A-Z]*[0-9])[A-Z0-9]{5,15}")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0[0-9]{2,3}-?[2-9][0-9]{6,7}")


@dataclass(frozen=True, slots=True)
class Holder:
    """In full: never leaves the process unsealed."""

    name: str
    document_type: DocumentType
    document_number: str
    phone: str | None

    def __repr__(self) -> str:
        return "Holder(…)"  # a traceback or a log line must not tell who it is


@dataclass(frozen=True, slots=True)
class Masked:
    """How a holder is shown inside."""

    name: str
    document_type: str
    document_number: str


def mask(holder: Holder) -> Masked:
    """One character of the name, and all of the number but its first three and last two, which tell no birthday."""
    number = holder.document_number
    return Masked(
        name=identifying.masked(holder.name),
        document_type=holder.document_type.value,
        document_number=number[:3] + "*" * (len(number) - 5) + number[-2:]
        if len(number) == 18
        else number[:1] + "*" * (len(number) - 2) + number[-1:],
    )


def read_name(text: str) -> str | Fault:
    name = identifying.name(text)
    if not name:
        return missing("holder_name")
    if len(name) > 50:
        return too_long("holder_name", 50)
    if any(character.isdigit() for character in name):  # a shifted column; masked as a name, a number would show
        return Fault("holder_name", "text_invalid", "姓名中不应有数字", "a name has no digits")
    if not identifying.has_letters(name):
        return Fault("holder_name", "text_invalid", "姓名中没有文字", "a name has letters")
    return name


def read_document_type(text: str) -> DocumentType | Fault:
    """Empty means 居民身份证."""
    return _DOCUMENT_TYPES.get(identifying.number(text)) or Fault(
        "document_type",
        "document_type_unknown",
        "证件类型应为：居民身份证、港澳台居民居住证、护照",
        "must be one of 居民身份证 (resident ID), 港澳台居民居住证 (residence permit), 护照 (passport)",
    )


def read_document_number(text: str, *, kind: DocumentType, today: dt.date) -> str | Fault:
    """The number with ASCII digits and upper-case letters."""
    number = identifying.number(text)
    if not number:
        return missing("document_number")
    if kind is DocumentType.PASSPORT:
        number = whole_number(number)
    if fault := damaged("document_number", number):
        return fault
    if odd := identifying.stranger(number):
        return _wrong(f"证件号码{odd[0]}，应只有数字和字母", odd[1])
    if kind is DocumentType.PASSPORT:
        if _PASSPORT.fullmatch(number):
            return number
        return _wrong("护照号码应为5至15位字母和数字", "a passport number has 5 to 15 letters and digits")
    if len(number) != 18:
        return _wrong(
            f"{kind.value}号码应为18位，实为{len(number)}位", f"must have 18 characters, it has {len(number)}"
        )
    if not _EIGHTEEN.fullmatch(number):
        return _wrong("应为17位数字加1位数字或X", "must be 17 digits and a digit or X")
    if (number[:6] in _PERMIT_REGIONS) != (kind is DocumentType.RESIDENCE_PERMIT):
        return _wrong("号码与证件类型不符：81、82、83开头的是港澳台居民居住证", "does not go with the document type")
    # Not ric.validate: it refuses places that have been renamed or merged since, and people keep their number.
    if ric.calc_check_digit(number) != number[-1]:
        if number.endswith("000"):  # what Excel makes of eighteen digits; no other reader would say so
            return _wrong(
                "校验位有误，且末三位为000：多半是表格软件截断了号码，请把该列设为“文本”格式后重新录入",
                "has a wrong check digit and ends in 000: a spreadsheet has probably cut it; format the column as text",
            )
        return _wrong("校验位有误，请核对号码", "has a wrong check digit")
    try:
        born = ric.get_birth_date(number)
    except ValidationError:
        return _wrong("第7至14位不是有效的出生日期", "does not carry a valid birth date")
    if not dt.date(1850, 1, 1) < born <= today:
        return _wrong("第7至14位不是合理的出生日期", "does not carry a plausible birth date")
    return number


def read_phone(text: str) -> str | Fault | None:
    number = identifying.number(text).removeprefix("+86").replace("(", "").replace(")", "-")
    if not number:
        return None
    mobile = number.replace("-", "")
    if _MOBILE.fullmatch(mobile):
        return mobile
    if _LANDLINE.fullmatch(number):
        return number
    return Fault(
        "phone",
        "phone_invalid",
        "联系电话应为11位手机号或带区号的固定电话",
        "must be an 11-digit mobile number or a landline with its area code",
    )


def _wrong(zh: str, en: str) -> Fault:
    return Fault("document_number", "document_number_invalid", zh, en)
