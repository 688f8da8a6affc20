"""What a centre and a filing are and what may happen to them. What is needed is handed in: no clock, no database."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from stdnum.cn import uscc

from contract import identifying, regions
from contract.errors import field_error
from contract.training import (
    AssessorAlreadyFiled,
    AssessorInvalid,
    AssessorKind,
    CentreAlreadyClosed,
    CentreInvalid,
    CentreStatus,
    FilingAlreadyWithdrawn,
    FilingStatus,
    RegistrationChanged,
)

Fault = dict[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a registration's life; ``event`` is the name of what was said."""

    version: int
    event: str
    at: dt.datetime
    by: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Centre:
    """``credit_code_reason`` is there when the code was taken against the rule of GB 32100."""

    centre_id: str
    version: int
    credit_code: str
    credit_code_reason: str | None
    name: str
    region: str
    status: CentreStatus
    history: tuple[Change, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Assessor:
    """The numbers of its certificates begin with one of ``number_prefixes`` (sorted). ``valid_until`` is the last day,
    None when there is none; a withdrawn filing still holds for what was issued up to then."""

    assessor_id: str
    version: int
    credit_code: str
    credit_code_reason: str | None
    name: str
    kind: AssessorKind
    number_prefixes: tuple[str, ...]
    valid_from: dt.date
    valid_until: dt.date | None
    status: FilingStatus
    history: tuple[Change, ...] = field(repr=False)


Registered = TypeVar("Registered", Centre, Assessor)


def register_centre(
    *,
    centre_id: str,
    credit_code: str,
    credit_code_reason: str | None,
    name: str,
    region: str,
    at: dt.datetime,
    by: str,
) -> Centre:
    """Raises CentreInvalid, RegionUnknown, RegionAmbiguous."""
    code, faults = _credit_code(credit_code, credit_code_reason)
    found = regions.find(region)
    if found.level == "province":
        zh, en = "应填写到市或县（市、区），不能只写省", "must name a city or a county, not the province"
        faults.append(field_error("/region", "region_ambiguous", zh, en))
    if faults:
        raise CentreInvalid("培训机构信息有误，请按所列字段更正", "correct the listed fields and send it again", faults)
    return Centre(
        centre_id=centre_id,
        version=1,
        credit_code=code,
        credit_code_reason=_kept_reason(code, credit_code_reason),
        name=identifying.body(name),
        region=found.code,
        status=CentreStatus.OPEN,
        history=(Change(1, "centre_registered", at, by),),
    )


def close_centre(centre: Centre, *, reason: str, at: dt.datetime, by: str) -> Centre:
    """Raises CentreAlreadyClosed."""
    if centre.status is CentreStatus.CLOSED:
        raise CentreAlreadyClosed("该培训机构已注销", "the centre is closed already")
    return _changed(centre, "centre_closed", at=at, by=by, reason=reason, status=CentreStatus.CLOSED)


def file_assessor(
    before: Assessor | None,
    *,
    assessor_id: str,
    credit_code: str,
    credit_code_reason: str | None,
    name: str,
    kind: AssessorKind,
    number_prefix: str,
    valid_from: dt.date,
    valid_until: dt.date | None,
    at: dt.datetime,
    by: str,
) -> Assessor:
    """A first filing, or what the one ``before`` of the same credit code becomes: prefixes add up, the earliest
    ``valid_from`` stays (a renewal does not make the years before unfiled), name and ``valid_until`` are the last said.
    Raises AssessorInvalid, AssessorAlreadyFiled."""
    code, faults = _credit_code(credit_code, credit_code_reason)
    if number_prefix[0] != kind.value:
        zh, en = f"首位应与机构类别一致，为{kind.value}", f"must begin with the body's kind, {kind.value}"
        faults.append(field_error("/number_prefix", "kind_contradicts_prefix", zh, en))
    if before and before.kind is not kind:
        zh, en = f"该机构已按{before.kind.value}类备案", f"this body is filed as {before.kind.value}"
        faults.append(field_error("/kind", "kind_differs", zh, en))
    if valid_until is not None and valid_until < valid_from:
        zh, en = "不能早于起始日", "must not lie before valid_from"
        faults.append(field_error("/valid_until", "period", zh, en))
    if faults:
        raise AssessorInvalid("备案信息有误，请按所列字段更正", "correct the listed fields and send it again", faults)
    if before is None:
        return Assessor(
            assessor_id=assessor_id,
            version=1,
            credit_code=code,
            credit_code_reason=_kept_reason(code, credit_code_reason),
            name=identifying.body(name),
            kind=kind,
            number_prefixes=(number_prefix,),
            valid_from=valid_from,
            valid_until=valid_until,
            status=FilingStatus.FILED,
            history=(Change(1, "assessor_filed", at, by),),
        )
    after = _changed(
        before,
        "assessor_changed",
        at=at,
        by=by,
        reason=None,
        name=identifying.body(name),
        number_prefixes=tuple(sorted({*before.number_prefixes, number_prefix})),
        valid_from=min(before.valid_from, valid_from),
        valid_until=valid_until,
        status=FilingStatus.FILED,
    )
    if filing(after) == filing(before):
        raise AssessorAlreadyFiled("该备案已登记，内容相同", "all of this is filed already")
    return after


def withdraw_filing(assessor: Assessor, *, reason: str, today: dt.date, at: dt.datetime, by: str) -> Assessor:
    """Today (Asia/Shanghai) is the last day on which it holds. Raises FilingAlreadyWithdrawn."""
    if assessor.status is FilingStatus.WITHDRAWN:
        raise FilingAlreadyWithdrawn("该备案已撤销", "the filing is withdrawn already")
    last = today if assessor.valid_until is None else min(assessor.valid_until, today)
    return _changed(
        assessor,
        "assessor_withdrawn",
        at=at,
        by=by,
        reason=reason,
        valid_until=last,
        status=FilingStatus.WITHDRAWN,
    )


def reread(assessor: Assessor, *, at: dt.datetime, by: str) -> Assessor:
    """Its name as it would be read if it were filed today."""
    name = identifying.body(assessor.name) or assessor.name
    if name == assessor.name:
        return assessor
    return _changed(assessor, "assessor_changed", at=at, by=by, reason="名称按统一规则重读", name=name)


def check_version(registered: Centre | Assessor, expected: int | None) -> None:
    """Raises RegistrationChanged when the caller decided on another version than the one recorded."""
    if expected is not None and expected != registered.version:
        raise RegistrationChanged(
            f"登记信息已被他人更改：当前版本为{registered.version}，请重新读取后再提交",
            f"the registration has changed and is now at version {registered.version}: read it again",
            facts={"version": registered.version},
        )


def filing(assessor: Assessor) -> dict[str, Any]:
    """What its events say of it, but for id and version."""
    told: dict[str, Any] = {
        "assessor": assessor.name,
        "number_prefixes": list(assessor.number_prefixes),
        "valid_from": assessor.valid_from,
        "status": assessor.status,
    }
    if assessor.valid_until is not None:
        told["valid_until"] = assessor.valid_until
    return told


def facts(registered: Centre | Assessor) -> dict[str, Any]:
    """What the event after the last change says."""
    if isinstance(registered, Assessor):
        return {"assessor_id": registered.assessor_id, "version": registered.version, **filing(registered)}
    told = {name: getattr(registered, name) for name in ("centre_id", "version", "region", "status")}
    return told | {"centre": registered.name}


def written(credit_code: str) -> str:
    """As codes are kept and compared: ASCII, upper case."""
    return identifying.number(credit_code)


def _credit_code(text: str, reason: str | None) -> tuple[str, list[Fault]]:
    code = written(text)
    if reason is not None or uscc.is_valid(code):
        return code, []
    zh = "统一社会信用代码有误（GB 32100），请核对；确认无误的，请填写理由 credit_code_reason"
    en = "is not a valid 统一社会信用代码 (GB 32100); if it is right all the same, say why in credit_code_reason"
    return code, [field_error("/credit_code", "credit_code", zh, en)]


def _kept_reason(code: str, reason: str | None) -> str | None:
    """Of a code that holds by itself nothing was overridden."""
    return None if reason is None or uscc.is_valid(code) else reason


def _changed(
    registered: Registered, event: str, *, at: dt.datetime, by: str, reason: str | None, **fields: Any
) -> Registered:
    change = Change(registered.version + 1, event, at, by, reason)
    return replace(registered, version=change.version, history=(*registered.history, change), **fields)
