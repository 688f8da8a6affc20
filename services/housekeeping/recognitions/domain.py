"""What a city reports of its own stars (市级认定), and what the province decides of it."""

import datetime as dt
from dataclasses import dataclass, field, replace

from contract.applications import NotYourOffice
from contract.housekeeping import CityNoticeTooShort, Confirmation, SubjectKind
from contract.recognitions import (
    RecognitionChanged,
    RecognitionNotFound,
    RecognitionSettled,
    RecognitionState,
)
from runtime.workdays import Calendar
from services.housekeeping.access import Actor
from services.housekeeping.awards.domain import Award
from services.housekeeping.evidence import Evidence

_SETTLED = {
    Confirmation.CONFIRM: RecognitionState.CONFIRMED,
    Confirmation.REFUSE: RecognitionState.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Step:
    """``state``: after it."""

    version: int
    state: RecognitionState
    at: dt.datetime
    by: str
    organisation: str | None  # of before confirmations were asked for it is not known
    reason: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Recognition:
    """``name`` and ``unit`` as they were when it was reported. ``award_id``: what the confirmation made of it.
    ``counted_before``: its award was made when nobody confirmed any, and stands until the province has decided."""

    recognition_id: str
    version: int
    state: RecognitionState
    subject_kind: SubjectKind
    subject_key: str
    name: str
    unit: str
    region: str
    brand: str
    document: str | None
    stars: int
    awarded_on: dt.date
    notice_opened_on: dt.date | None
    notice_ended_on: dt.date | None
    award_id: str | None
    history: tuple[Step, ...] = field(repr=False)
    counted_before: bool = False

    @property
    def open(self) -> bool:
        return self.state is RecognitionState.REPORTED

    @property
    def reported(self) -> Step:
        return self.history[0]

    @property
    def title(self) -> str:
        """What stands on the plaque as its giver."""
        return f"{self.brand}（{self.document}）" if self.document else self.brand


def check_notice(
    *, opened: dt.date, ended: dt.date, awarded: dt.date, today: dt.date, least: int, calendar: Calendar
) -> None:
    """Raises CityNoticeTooShort."""
    days = calendar.between(opened, ended)
    if days < least or awarded <= ended or awarded > today:
        raise CityNoticeTooShort(
            f"市级公示须满{least}个工作日且在认定之前结束（实为{days}个工作日）",
            f"the city's notice must have {least} working days and end before the award",
            facts={"working_days": days},
        )


def decide(
    recognition: Recognition,
    decision: Confirmation,
    *,
    by: Actor,
    award_id: str | None,
    reason: str,
    at: dt.datetime,
    evidence: tuple[Evidence, ...],
) -> Recognition:
    """By a second person of the province. Raises RecognitionSettled, NotYourOffice."""
    by.require_office("province", region=recognition.region)
    first = recognition.reported
    if by.client_id == first.by or by.organisation == first.organisation:
        raise NotYourOffice(
            "市级认定由报告单位以外的省级人员确认，不得自报自核",
            "whoever reported a recognition, or belongs to who did, may not decide about it",
        )
    after = _moved(recognition, _SETTLED[decision], by=by, reason=reason, at=at, evidence=evidence)
    return replace(after, award_id=award_id)


def withdraw(recognition: Recognition, *, by: Actor, reason: str, at: dt.datetime) -> Recognition:
    """Raises RecognitionSettled, NotYourOffice."""
    by.require_office("city", region=recognition.region)
    if recognition.counted_before:
        raise _settled(recognition)  # its award stands: what becomes of it is for the province to say
    return _moved(recognition, RecognitionState.WITHDRAWN, by=by, reason=reason, at=at, evidence=())


def counted_before(award: Award, *, recognition_id: str) -> Recognition:
    """Of an award that a city recorded when nobody confirmed any: it stands, and the province has to decide."""
    first = award.history[0]
    step = Step(1, RecognitionState.REPORTED, first.at, first.by, None, first.reason or "", first.evidence)
    return Recognition(
        recognition_id=recognition_id,
        version=1,
        state=RecognitionState.REPORTED,
        subject_kind=award.subject_kind,
        subject_key=award.subject_key,
        name=award.name,
        unit=award.unit,
        region=award.region,
        brand=award.brand,
        document=None,
        stars=first.stars,
        awarded_on=award.awarded_on,
        notice_opened_on=None,
        notice_ended_on=None,
        award_id=award.award_id,
        history=(step,),
        counted_before=True,
    )


def check_version(recognition: Recognition, expected: int | None) -> None:
    """Raises RecognitionChanged."""
    if expected is not None and expected != recognition.version:
        raise RecognitionChanged(
            f"该报告已被他人更改：当前版本为{recognition.version}，请重新读取后再提交",
            f"the recognition has changed and is now at version {recognition.version}: read it again",
            facts={"version": recognition.version, "state": recognition.state.value},
        )


def not_found() -> RecognitionNotFound:
    return RecognitionNotFound("没有这项市级认定报告", "there is no such recognition")


def _moved(
    recognition: Recognition,
    state: RecognitionState,
    *,
    by: Actor,
    reason: str,
    at: dt.datetime,
    evidence: tuple[Evidence, ...],
) -> Recognition:
    if not recognition.open:
        raise _settled(recognition)
    step = Step(recognition.version + 1, state, at, by.client_id, by.organisation, reason, evidence)
    return replace(recognition, version=step.version, state=state, history=(*recognition.history, step))


def _settled(recognition: Recognition) -> RecognitionSettled:
    return RecognitionSettled(
        "该报告已有处理结果，或已计入并待省级确认，不能再作此处理",
        "the recognition is settled, or counts already and is the province's to decide",
        facts={"state": recognition.state.value, "version": recognition.version},
    )
