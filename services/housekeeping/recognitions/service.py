"""Calls about a city's recognitions: reported and withdrawn by the city, confirmed or refused by the province."""

import datetime as dt
from typing import Any

from pymongo.client_session import ClientSession

from contract import fields
from contract import housekeeping as awarded
from contract import recognitions as public
from contract.applications import EvidenceMissing, EvidenceNotFound
from contract.errors import field_error
from contract.housekeeping import Confirmation, RecognisedBy, SubjectKind
from contract.recognitions import RecognitionState
from contract.words import Role
from runtime import mongo
from runtime.clock import day_of
from runtime.hosting import rpc
from runtime.pages import ReadRegion, given, nothing, walked, within_of
from services.housekeeping import access
from services.housekeeping.access import Actor
from services.housekeeping.awards import domain as awards
from services.housekeeping.awards import numbers
from services.housekeeping.awards.store import Awards, awards_of
from services.housekeeping.calls import Calls, own
from services.housekeeping.evidence import evidence_of
from services.housekeeping.procedures import domain as procedure
from services.housekeeping.recognitions import domain as recognitions
from services.housekeeping.recognitions.answers import shown_recognition
from services.housekeeping.recognitions.domain import Recognition, Step
from services.housekeeping.recognitions.store import Recognitions, recognitions_of
from services.housekeeping.registry import domain as registry
from services.housekeeping.registry.domain import Base
from services.housekeeping.registry.store import Registry, registry_of


class ReadRecognitions(ReadRegion):
    state = fields.Choice(RecognitionState)
    subject_kind = fields.Choice(SubjectKind)


class RecognitionCalls(Calls):
    @rpc
    def recognise_by_city(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RecogniseByCity -> CityRecognition, which counts nowhere yet. Refuses SubjectNotFound, SubjectNotActive,
        NotYourOffice, CityNoticeTooShort, EvidenceMissing, AwardChangeNotAllowed (one stands or waits already)."""
        asked, who = public.RecogniseByCity.read(command), Actor.of(actor)
        root, at, today = self._now()
        kept, standing, registered = self._recognitions()
        kind, key, evidence = SubjectKind(asked["subject_kind"]), asked["subject_key"], evidence_of(asked)
        if not evidence:
            fault = field_error("/evidence", "missing", "须附认定文件", "the city's decision is needed")
            raise EvidenceMissing("须附认定文件", "evidence is needed", [fault])

        def work(session: ClientSession) -> str:
            subject = registered.subject(kind, key, session)
            registry.require_sight(who, subject)
            who.require_office("city", region=subject.region)
            registry.require_active(subject)
            recognitions.check_notice(
                opened=asked["notice_opened_on"],
                ended=asked["notice_ended_on"],
                awarded=asked["awarded_on"],
                today=today,
                least=procedure.in_force(asked["awarded_on"]).windows["notice"],
                calendar=root.calendar(session),
            )
            _require_none(kept, standing, key, session)
            registered.lock(session, subject)
            base = subject if isinstance(subject, Base) else registered.base(subject.employer, session)
            reported = Step(
                1, RecognitionState.REPORTED, at, who.client_id, who.organisation, asked["reason"], evidence
            )
            recognition = Recognition(
                recognition_id=mongo.new_id(),
                version=1,
                state=RecognitionState.REPORTED,
                subject_kind=kind,
                subject_key=key,
                name=subject.name,
                unit=base.name,
                region=subject.region,
                brand=asked["brand"],
                document=asked["document"],
                stars=asked["stars"],
                awarded_on=asked["awarded_on"],
                notice_opened_on=asked["notice_opened_on"],
                notice_ended_on=asked["notice_ended_on"],
                award_id=None,
                history=(reported,),
            )
            kept.put(session, None, recognition)
            return recognition.recognition_id

        return shown_recognition(kept.get(root.commands.once(who.client_id, asked, work, action="recognise")))

    @rpc
    def decide_recognition(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """DecideRecognition -> CityRecognition. Confirmed, it is an award under the city's brand from the city's day
        on; refused, nothing is, and what counted before is revoked. Refuses RecognitionNotFound, RecognitionChanged,
        RecognitionSettled, NotYourOffice, SubjectNotActive, AwardChangeNotAllowed."""
        asked, who = public.DecideRecognition.read(command), Actor.of(actor)
        decision, evidence = Confirmation(asked["decision"]), evidence_of(asked)
        _, standing, registered = self._recognitions()
        award_id = mongo.new_id()

        def step(before: Recognition, at: dt.datetime, session: ClientSession) -> Recognition:
            confirmed = decision is Confirmation.CONFIRM
            after = recognitions.decide(
                before,
                decision,
                by=who,
                award_id=before.award_id or (award_id if confirmed else None),
                reason=asked["reason"],
                at=at,
                evidence=evidence,
            )
            if before.award_id is None and confirmed:
                _award(standing, registered, after, session)
            elif before.award_id is not None and not confirmed:
                _revoke(standing, after, session)
            return after

        return self._change_recognition(asked, who, step, "decide")

    @rpc
    def withdraw_recognition(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """WithdrawRecognition -> CityRecognition. Refuses RecognitionNotFound, RecognitionChanged, RecognitionSettled,
        NotYourOffice."""
        asked, who = public.WithdrawRecognition.read(command), Actor.of(actor)

        def step(before: Recognition, at: dt.datetime, session: ClientSession) -> Recognition:
            return recognitions.withdraw(before, by=who, reason=asked["reason"], at=at)

        return self._change_recognition(asked, who, step, "withdraw")

    @rpc
    def recognition(self, recognition_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> CityRecognition. Refuses RecognitionNotFound."""
        kept, _, registered = self._recognitions()
        found = kept.get(recognition_id)
        _require_sight(registered, Actor.of(actor), found)
        return shown_recognition(found)

    @rpc
    def recognitions(
        self,
        actor: dict[str, Any],
        after: str | None = None,
        limit: int = 50,
        region: str | None = None,
        state: str | None = None,
        subject_kind: str | None = None,
    ) -> dict[str, Any]:
        """``{"items": [CityRecognition], "next"}`` of those that the actor may see."""
        who = Actor.of(actor)
        asked = ReadRecognitions.read(
            given(after=after, limit=limit, region=region, state=state, subject_kind=subject_kind)
        )
        who.require(access.READ)
        if (within := within_of(who.region, asked.get("region"))) is None or who.role is Role.REVIEWER:
            return nothing()
        kept, _, registered = self._recognitions()
        organisation = own(who)
        found = kept.page(
            within=within,
            subject_keys=registered.keys_of(organisation) if organisation is not None else None,
            state=asked.get("state"),
            kind=asked.get("subject_kind"),
            after=asked.get("after"),
            limit=asked["limit"],
        )
        return walked(found, [shown_recognition(each) for each in found])

    @rpc
    def recognition_file(self, recognition_id: str, file_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"file_id", "sha256"}`` of a document that it rests on. Refuses RecognitionNotFound, EvidenceNotFound."""
        kept, _, registered = self._recognitions()
        found = kept.get(recognition_id)
        _require_sight(registered, Actor.of(actor), found)
        named = {item.file_id: item.sha256 for step in found.history for item in step.evidence}
        if file_id not in named:
            raise EvidenceNotFound("没有这份材料", "there is no such document")
        return {"file_id": file_id, "sha256": named[file_id]}

    def _recognitions(self) -> tuple[Recognitions, Awards, Registry]:
        return recognitions_of(self.settings), awards_of(self.settings), registry_of(self.settings)

    def _change_recognition(self, asked: dict[str, Any], who: Actor, step: Any, action: str) -> dict[str, Any]:
        """One step of a recognition's life, once for each command_id, decided on the version that the actor named."""
        root, at, _ = self._now()
        kept, _, registered = self._recognitions()

        def work(session: ClientSession) -> str:
            before = kept.get(asked["recognition_id"], session)
            _require_sight(registered, who, before, session)
            recognitions.check_version(before, asked.get("expected_version"))
            kept.put(session, before, step(before, at, session))
            return before.recognition_id

        return shown_recognition(kept.get(root.commands.once(who.client_id, asked, work, action=action)))


def _require_sight(
    registered: Registry, who: Actor, recognition: Recognition, session: ClientSession | None = None
) -> None:
    subject = registered.subject(recognition.subject_kind, recognition.subject_key, session)
    if not who.sees(region=recognition.region, organisation=subject.organisation):
        raise recognitions.not_found()


def _require_none(kept: Recognitions, standing: Awards, subject_key: str, session: ClientSession) -> None:
    if standing.standing(subject_key, RecognisedBy.CITY, session):
        raise awarded.AwardChangeNotAllowed("已有有效的市级认定", "a recognition by the city stands")
    if kept.open_of(subject_key, session):
        raise awarded.AwardChangeNotAllowed(
            "已有待省级确认的市级认定", "a recognition by the city waits for the province"
        )


def _award(standing: Awards, registered: Registry, confirmed: Recognition, session: ClientSession) -> None:
    """What the confirmation makes of it, from the city's own day on."""
    subject = registered.subject(confirmed.subject_kind, confirmed.subject_key, session)
    registry.require_active(subject)
    if subject.region != confirmed.region:
        raise awarded.AwardChangeNotAllowed(
            "主体已迁往其他地区，请不予确认，由所在市重新报告",
            "the subject has moved: refuse it, and its city reports anew",
        )
    if standing.standing(confirmed.subject_key, RecognisedBy.CITY, session):
        raise awarded.AwardChangeNotAllowed("已有有效的市级认定", "a recognition by the city stands")
    registered.lock(session, subject)
    rules, last = procedure.in_force(confirmed.awarded_on), confirmed.history[-1]
    series = numbers.series(confirmed.subject_kind, RecognisedBy.CITY, confirmed.awarded_on.year, confirmed.region)
    assert confirmed.award_id
    standing.add(
        session,
        awards.grant(
            award_id=confirmed.award_id,
            number=standing.draw(series, session),
            kind=confirmed.subject_kind,
            subject_key=confirmed.subject_key,
            name=confirmed.name,
            unit=confirmed.unit,
            region=confirmed.region,
            stars=confirmed.stars,
            years=rules.award["years"],
            check_days=rules.windows["check"],
            recognised_by=RecognisedBy.CITY,
            brand=confirmed.title,
            case_id=None,
            awarded_on=confirmed.awarded_on,
            at=last.at,
            by=last.by,
            reason=last.reason,
            evidence=(*confirmed.reported.evidence, *last.evidence),
        ),
    )


def _revoke(standing: Awards, refused: Recognition, session: ClientSession) -> None:
    """The award of what counted before it was refused, if it still stands."""
    assert refused.award_id
    award, last = standing.get(refused.award_id, session), refused.history[-1]
    if award.standing:
        revoked = awards.change(
            award, "revoke", stars=None, today=day_of(last.at), at=last.at, by=last.by, reason=last.reason,
            evidence=last.evidence,
        )  # fmt: skip
        standing.replace(session, award, revoked)
