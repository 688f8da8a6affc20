"""Bases (巾帼家政基地) and 福嫂: who may apply, and what becomes known of them."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from contract import identifying, regions
from contract.errors import field_error
from contract.housekeeping import SubjectChanged, SubjectInvalid, SubjectNotActive, SubjectNotFound, SubjectStatus
from contract.words import DocumentType
from services.housekeeping.access import Actor
from services.housekeeping.evidence import Evidence
from services.housekeeping.procedures.domain import Procedure

Fault = dict[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    version: int
    what: str
    at: dt.datetime
    by: str
    reason: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)  # never personal data
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class ProposedMove:
    """A move or a merger that happens when a second person confirms it. ``region``: where the base would lie, or where
    the one lies that takes it over."""

    region: str
    merged_into: str | None
    by: str
    at: dt.datetime
    reason: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Base:
    """``legal_representative`` masked; the person in full is sealed in the store."""

    base_id: str
    version: int
    credit_code: str
    name: str
    region: str
    organisation: str
    legal_representative: str
    led_by_a_woman: bool
    registered_on: dt.date
    staff: int
    women: int
    employed: int
    certified: int
    status: SubjectStatus
    history: tuple[Change, ...] = field(repr=False)
    merged_into: str | None = None
    proposed: ProposedMove | None = None


@dataclass(frozen=True, slots=True)
class Fusao:
    """Known by her person key. ``name`` and ``document_number`` masked. ``region`` is her employer's."""

    person_key: str
    version: int
    name: str
    document_number: str
    employer: str
    region: str
    organisation: str
    skills: tuple[str, ...]
    status: SubjectStatus
    history: tuple[Change, ...] = field(repr=False)


Subject = TypeVar("Subject", Base, Fusao)


def changed(
    subject: Subject,
    what: str,
    *,
    at: dt.datetime,
    by: str,
    reason: str | None,
    evidence: tuple[Evidence, ...] = (),
    **fields: Any,
) -> Subject:
    """With those fields, and what they were in its history."""
    before = {name: getattr(subject, name) for name in fields if getattr(subject, name) != fields[name]}
    shown = {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in before.items()}
    change = Change(subject.version + 1, what, at, by, reason, shown, evidence)
    return replace(subject, version=change.version, history=(*subject.history, change), **fields)


def require_sight(who: Actor, subject: Base | Fusao) -> None:
    """Raises SubjectNotFound."""
    if not who.sees(region=subject.region, organisation=subject.organisation):
        raise not_found()


def require_sight_of_base(who: Actor, base: Base) -> None:
    """As its region sees it, and the one that would receive it, which has to decide. Raises SubjectNotFound."""
    where = [base.region, base.proposed.region] if base.proposed else [base.region]
    if not any(who.sees(region=each, organisation=base.organisation) for each in where):
        raise not_found()


def check_version(subject: Subject, expected: int | None) -> None:
    """Raises SubjectChanged."""
    if expected is not None and expected != subject.version:
        raise SubjectChanged(
            f"登记信息已被他人更改：当前版本为{subject.version}，请重新读取后再提交",
            f"the registration has changed and is now at version {subject.version}: read it again",
            facts={"version": subject.version},
        )


def require_active(subject: Base | Fusao) -> None:
    """Raises SubjectNotActive."""
    if subject.status is not SubjectStatus.ACTIVE:
        raise SubjectNotActive("该主体已合并或注销", "merged into another, or closed", facts={"status": subject.status})


def county(text: str) -> str:
    """The code of the county-level unit that is meant. Raises RegionUnknown, RegionAmbiguous, SubjectInvalid."""
    region = regions.find(text)
    if not region.is_county:
        raise _invalid([field_error("/region", "county", "须填到县（市、区）", "must be a county-level unit")])
    return region.code


def check_base(
    *, credit_code: str, staff: int, women: int, employed: int, certified: int, registered_on: dt.date, today: dt.date
) -> str:
    """The 统一社会信用代码 as it is kept. Raises SubjectInvalid."""
    faults = []
    code = uscc.compact(identifying.number(credit_code))
    try:
        uscc.validate(code)
    except ValidationError:
        zh, en = "统一社会信用代码有误，请核对（GB 32100）", "is not a valid 统一社会信用代码 (GB 32100)"
        faults.append(field_error("/credit_code", "credit_code", zh, en))
    for name, number in (("women", women), ("employed", employed), ("certified", certified)):
        if number > staff:
            faults.append(field_error(f"/{name}", "range", "不能多于从业人员总数", "cannot be more than staff"))
    if registered_on > today:
        faults.append(field_error("/registered_on", "future", "不能晚于今天", "lies in the future"))
    if faults:
        raise _invalid(faults)
    return code


def read_document(kind: DocumentType, text: str) -> str:
    """The number as it is hashed, in the same form as certification's, so that both know the same person. Raises
    SubjectInvalid."""
    number = identifying.number(text)
    if kind is DocumentType.PASSPORT:
        sound = 5 <= len(number) <= 15 and number.isascii() and number.isalnum()
    else:
        # Not ric.validate: it refuses places that were renamed since, and people keep their number.
        sound = re.fullmatch(r"[1-9][0-9]{16}[0-9X]", number) is not None and ric.calc_check_digit(number) == number[-1]
    if not sound:
        raise _invalid([field_error("/document_number", "document_number_invalid", "证件号码有误", "is not valid")])
    return number


def masked_document(number: str) -> str:
    """The fixed mask: the first three and the last two of eighteen tell no birthday."""
    if len(number) == 18:
        return number[:3] + "*" * 13 + number[-2:]
    return number[:1] + "*" * (len(number) - 2) + number[-1:]


def unmet_by_base(base: Base, *, procedure: Procedure, awarded_by_city: bool, today: dt.date) -> tuple[Fault, ...]:
    """Conditions of applying that the base does not meet."""
    rule, faults = procedure.eligibility["base"], []
    if base.status is not SubjectStatus.ACTIVE:
        faults.append(field_error("/subject_key", "not_active", "已合并或注销", "merged or closed"))
    years = rule["years_registered"]
    try:
        old_enough = base.registered_on.replace(year=base.registered_on.year + years) <= today
    except ValueError:  # 29 February
        old_enough = dt.date(base.registered_on.year + years, 3, 1) <= today
    if not old_enough:
        zh, en = f"注册须满{years}年", f"must have been registered for {years} years"
        faults.append(field_error("/registered_on", "too_young", zh, en))
    if not base.led_by_a_woman and base.women * 100 < rule["women_percent"] * base.staff:
        share = rule["women_percent"]
        zh, en = f"法定代表人须为女性，或女性员工占{share}%以上", f"a woman as representative, or {share} % women"
        faults.append(field_error("/women", "women", zh, en))
    if base.employed * 100 < rule["employed_percent"] * base.staff:
        share = rule["employed_percent"]
        faults.append(field_error("/employed", "employed", f"员工制比例须达{share}%", f"{share} % must be employed"))
    if rule["city_honour"] and not awarded_by_city:
        faults.append(field_error("/subject_key", "city_honour", "须先获市级荣誉", "a city's honour comes first"))
    return tuple(faults)


def unmet_by_fusao(fusao: Fusao, *, procedure: Procedure, certificates: int) -> tuple[Fault, ...]:
    """Conditions of applying that she does not meet; ``certificates``: valid ones heard of."""
    faults = []
    if fusao.status is not SubjectStatus.ACTIVE:
        faults.append(field_error("/subject_key", "not_active", "已注销", "closed"))
    least = procedure.eligibility["fusao"]["certificates"]
    if certificates < least:
        zh, en = f"须持有{least}本有效证书", f"must hold {least} valid certificates"
        faults.append(field_error("/subject_key", "certificates", zh, en))
    return tuple(faults)


def not_found() -> SubjectNotFound:
    return SubjectNotFound("没有登记这家基地或这位福嫂", "no such base or 福嫂 is registered")


def _invalid(faults: list[Fault]) -> SubjectInvalid:
    return SubjectInvalid("登记内容有误，请按所列字段更正", "correct the listed fields and send it again", faults)
