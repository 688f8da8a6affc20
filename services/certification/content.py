"""What a certificate says, in full: read from what was given, with every fault found, or corrected."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract import identifying, personal, regions
from contract.certification import NothingToCorrect
from contract.words import CAREGIVER
from services.certification import holders, numbers
from services.certification.faults import Fault, missing, refusal, too_long
from services.certification.holders import Holder


@dataclass(frozen=True, slots=True)
class Content:
    """What the certificate says, in full, and checked: only ``read`` makes one."""

    holder: Holder
    number: str
    occupation: str
    work_type: str
    level: str
    issued_on: dt.date
    assessor: str
    region: str
    remarks: str | None


def read(given: Mapping[str, Any], *, today: dt.date) -> Content | tuple[Fault, ...]:
    """Check everything a certificate says: all the faults, not only the first.

    ``given`` has the fields of contract.IssueCertificate as texts; ``issued_on`` may be a date already. ``today`` is
    the day in Asia/Shanghai.
    """
    faults: list[Fault] = []

    def good(value: Any) -> Any:
        if isinstance(value, Fault):
            faults.append(value)
            return None
        return value

    name = good(holders.read_name(given.get("holder_name") or ""))
    kind = good(holders.read_document_type(given.get("document_type") or ""))
    document = kind and good(holders.read_document_number(given.get("document_number") or "", kind=kind, today=today))
    phone = good(holders.read_phone(given.get("phone") or ""))
    number = good(numbers.read_number(given.get("certificate_number") or ""))
    occupation = good(_occupation(given.get("occupation") or ""))
    work_type = good(_text("work_type", identifying.work_type(given.get("work_type") or ""), 50))
    level = good(numbers.read_level(given.get("level") or ""))
    day = given.get("issued_on") or ""
    issued_on = good(
        numbers.read_day(day, today=today) if isinstance(day, str) else numbers.check_day(day, today=today)
    )
    assessor = good(_text("assessor", identifying.body(given.get("assessor") or ""), 100))
    region = good(_region(given.get("region") or ""))
    remarks = good(_text("remarks", given["remarks"], 500)) if given.get("remarks") else None
    if number and level and issued_on:
        faults += numbers.contradictions(number=number, level=level, issued_on=issued_on)
    if faults:
        return tuple(faults)
    return Content(
        holder=Holder(name=name, document_type=kind, document_number=document, phone=phone),
        number=number,
        occupation=occupation,
        work_type=work_type,
        level=level,
        issued_on=issued_on,
        assessor=assessor,
        region=region,
        remarks=remarks,
    )


def _text(field: str, text: str, at_most: int) -> str | Fault:
    text = " ".join(text.split())
    if not text:
        return missing(field)
    if len(text) > at_most:
        return too_long(field, at_most)
    if field != "remarks" and personal.has_number(text):  # remarks are sealed, the others are not
        return Fault(
            field,
            "text_invalid",
            "此处不应填写证件号码或电话号码",
            "a document or phone number does not belong here",
        )
    return text


def _occupation(text: str) -> str | Fault:
    occupation = identifying.name(text)
    if not occupation:
        return missing("occupation")
    if occupation != CAREGIVER:
        return Fault(
            "occupation",
            "occupation_unknown",
            f"职业名称应为{CAREGIVER}：本系统只登记{CAREGIVER}证书",
            f"must be {CAREGIVER}: no other occupation is recorded here",
        )
    return occupation


def _region(text: str) -> str | Fault:
    if not text.strip():
        return missing("region")
    try:
        region = regions.find(text)
    except regions.RegionUnknown as refused:
        return Fault("region", "region_unknown", refused.zh, refused.en)
    except regions.RegionAmbiguous as refused:
        return Fault("region", "region_ambiguous", refused.zh, refused.en)
    if region.level == "province":
        return Fault(
            "region",
            "region_ambiguous",
            "行政区划应填写到市或县（市、区），不能只写省",
            "must name a city or a county, not the province",
        )
    return region.code


_CORRECTABLE = (
    "holder_name",
    "document_type",
    "document_number",
    "phone",
    "certificate_number",
    "work_type",
    "level",
    "issued_on",
    "assessor",
    "region",
)


def corrected(before: Content, given: Mapping[str, Any], *, today: dt.date) -> tuple[Content, tuple[str, ...]]:
    """The content with the given fields of contract.CorrectCertificate in place, and which of them changed. Raises
    CertificateInvalid when the whole does not hold together, NothingToCorrect when it is the same as before."""
    now = spoken(before)
    after = read(
        now
        | {name: given[name] for name in _CORRECTABLE if name in given and name != "certificate_number"}
        | ({"certificate_number": given["new_certificate_number"]} if "new_certificate_number" in given else {}),
        today=today,
    )
    if isinstance(after, tuple):
        raise refusal(
            tuple(
                fault._replace(field="new_certificate_number") if fault.field == "certificate_number" else fault
                for fault in after
            )
        )
    then = spoken(after)
    changed = tuple(name for name in _CORRECTABLE if now[name] != then[name])
    if not changed:
        raise NothingToCorrect(
            "更正内容与已登记内容相同，无需更正", "the correction says what is already recorded: nothing to correct"
        )
    return after, changed


def spoken(content: Content) -> dict[str, Any]:
    """The content under the contract's names."""
    holder = content.holder
    return {
        "holder_name": holder.name,
        "document_type": holder.document_type.value,
        "document_number": holder.document_number,
        "phone": holder.phone,
        "certificate_number": content.number,
        "occupation": content.occupation,
        "work_type": content.work_type,
        "level": content.level,
        "issued_on": content.issued_on,
        "assessor": content.assessor,
        "region": content.region,
        "remarks": content.remarks,
    }
