"""Calls about applications: opened, moved from office to office, appealed, settled, read."""

import datetime as dt
from dataclasses import replace
from typing import Any

from pymongo.client_session import ClientSession

from contract import applications as public
from contract import fields, regions
from contract.housekeeping import AwardStatus, RecognisedBy, Settlement, SubjectKind
from contract.words import Role
from runtime import mongo
from runtime.clock import day_of
from runtime.hosting import rpc
from runtime.pages import ReadRegion, given, nothing, walked, within_of
from services.housekeeping import access
from services.housekeeping.access import Actor
from services.housekeeping.awards import domain as awards
from services.housekeeping.awards import numbers
from services.housekeeping.calls import Calls, own
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import seating, steps
from services.housekeeping.cases.answers import shown_case
from services.housekeeping.cases.casework import Casework, casework
from services.housekeeping.cases.conditions import Known, not_allowed
from services.housekeeping.cases.domain import Case
from services.housekeeping.cases.store import cases_of
from services.housekeeping.evidence import evidence_of, joined
from services.housekeeping.registry import domain as registry
from services.housekeeping.registry.domain import Base

_BRAND = "河北省妇女联合会"


class ReadCases(ReadRegion):
    state = fields.Text(at_most=30)
    subject_kind = fields.Choice(SubjectKind)


class CaseCalls(Calls):
    @rpc
    def open_application(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """OpenApplication -> Application. Refuses SubjectNotFound, SubjectNotActive, CaseOpenAlready, NotYourOffice,
        RegionNotYours."""
        asked, who = public.OpenApplication.read(command), Actor.of(actor)
        kept = casework(self.settings)
        _, at, today = self._now()
        kind = SubjectKind(asked["subject_kind"])

        def work(session: ClientSession) -> str:
            subject = kept.registry.subject(kind, asked["subject_key"], session)
            registry.require_sight(who, subject)
            who.require_office("applicant", organisation=subject.organisation)
            if not regions.within(subject.region, who.region):
                raise public.RegionNotYours("申报主体不在您的行政区划内", "the subject lies outside your region")
            registry.require_active(subject)
            if kept.cases.open_of([asked["subject_key"]], session):
                raise public.CaseOpenAlready("已有未办结的申报", "the subject has an application that is not finished")
            kept.registry.lock(session, subject)
            base = subject if isinstance(subject, Base) else kept.registry.base(subject.employer, session)
            case = cases.open_case(
                case_id=mongo.new_id(),
                kind=kind,
                subject_key=asked["subject_key"],
                name=subject.name,
                unit=base.name,
                bases=(base.base_id,),
                region=subject.region,
                organisation=subject.organisation,
                channel=public.Channel(asked["channel"]),
                recommender=asked.get("recommender"),
                evidence=evidence_of(asked),
                today=today,
                at=at,
                by=who.client_id,
            )
            kept.cases.add(session, case)
            return case.case_id

        return self._shown(kept, kept.commands.once(who.client_id, asked, work), who)

    @rpc
    def add_evidence(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """AddEvidence -> Application, while it is the applicant's turn. Refuses CaseNotFound, CaseChanged,
        NotYourOffice, TransitionNotAllowed."""
        asked, who = public.AddEvidence.read(command), Actor.of(actor)

        def step(case: Case, kept: Casework, session: ClientSession, known: Known) -> Case:
            who.require_office("applicant", organisation=case.organisation)
            if case.procedure.states[case.state].office != "applicant":
                raise not_allowed(case)
            more = evidence_of(asked)
            after = replace(case, evidence=joined(case.evidence, more))
            return cases.moved(after, "add_evidence", at=known.at, by=who.client_id, reason=None, evidence=more)

        return self._change(asked, who, step)

    @rpc
    def move_application(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """MoveApplication -> Application. Refuses whatever stands against the step: contract.applications."""
        asked, who = public.MoveApplication.read(command), Actor.of(actor)

        def step(case: Case, kept: Casework, session: ClientSession, known: Known) -> Case:
            if (about := asked.get("objection_id")) and kept.objections.is_from(
                about, f"client:{who.client_id}", session
            ):
                raise public.NotYourOffice(
                    "异议须由异议人以外的人办理", "an objection is for others than who raised it"
                )
            standing = kept.awards.standing(case.subject_key, session=session)
            award_id = standing.award_id if standing else mongo.new_id()
            after = steps.take(
                case,
                asked["transition"],
                actor=who,
                reason=asked["reason"],
                known=known,
                evidence=evidence_of(asked),
                objection_id=asked.get("objection_id"),
                ground=asked.get("ground"),
                award_id=award_id,
            )
            if after.award_id and not case.award_id:
                self._award(kept, session, after, standing, who, known, asked["reason"])
            return after

        return self._change(asked, who, step)

    @rpc
    def appeal_application(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """AppealApplication -> the new Application. Refuses CaseNotFound, AppealNotAllowed, NotYourOffice,
        NoEligibleReviewer, CaseOpenAlready."""
        asked, who = public.AppealApplication.read(command), Actor.of(actor)
        kept = casework(self.settings)
        _, at, today = self._now()

        def work(session: ClientSession) -> str:
            first = kept.cases.get(asked["application_id"], session)
            cases.require_sight(who, first)
            who.require_office("applicant", organisation=first.organisation)
            decided = self._decided_at(kept, first, session)
            if decided is None or kept.cases.appeal_of(first.case_id, session):
                raise public.AppealNotAllowed(
                    "仅可对不予认定或撤销认定提出一次申诉", "a refusal or a revocation may be appealed, once"
                )
            if kept.cases.open_of([first.subject_key], session):
                raise public.CaseOpenAlready("已有未办结的申报", "the subject has an application that is not finished")
            known = kept.known(session, first, at)
            case = cases.open_appeal(
                first,
                case_id=mongo.new_id(),
                decided_on=day_of(decided),
                calendar=known.calendar,
                reason=asked["reason"],
                evidence=evidence_of(asked),
                today=today,
                at=at,
                by=who.client_id,
            )
            seated = seating.fill(
                case, today=today, calendar=known.calendar, pool=known.pool, loads=known.loads, strict=True
            )
            kept.cases.add(session, seated)
            return case.case_id

        return self._shown(kept, kept.commands.once(who.client_id, asked, work), who)

    @rpc
    def settle_application(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """SettleApplication -> Application. Refuses CaseNotFound, CaseChanged, MatterNotOpen, NotYourOffice."""
        asked, who = public.SettleApplication.read(command), Actor.of(actor)

        def step(case: Case, kept: Casework, session: ClientSession, known: Known) -> Case:
            office = case.procedure.states[case.state].office or "province"
            who.require_office("county" if office == "applicant" else office, region=case.region)
            decision = Settlement(asked["decision"])
            return cases.settle(case, decision, at=known.at, by=who.client_id, reason=asked["reason"])

        return self._change(asked, who, step)

    @rpc
    def application(self, application_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Application. Refuses CaseNotFound."""
        return self._shown(casework(self.settings), application_id, Actor.of(actor))

    @rpc
    def applications(
        self,
        actor: dict[str, Any],
        after: str | None = None,
        limit: int = 50,
        region: str | None = None,
        state: str | None = None,
        subject_kind: str | None = None,
    ) -> dict[str, Any]:
        """``{"items": [Application], "next"}`` of those that the actor may see."""
        who = Actor.of(actor)
        asked = ReadCases.read(given(after=after, limit=limit, region=region, state=state, subject_kind=subject_kind))
        who.require(access.READ)
        if (within := within_of(who.region, asked.get("region"))) is None:
            return nothing()
        found = cases_of(self.settings).page(
            within=within,
            organisation=own(who),
            reviewer=who.client_id if who.role is Role.REVIEWER else None,
            states=[asked["state"]] if "state" in asked else None,
            kind=asked.get("subject_kind"),
            after=asked.get("after"),
            limit=asked["limit"],
        )
        return walked(found, [shown_case(case, who) for case in found])

    def _change(self, asked: dict[str, Any], who: Actor, step: Any) -> dict[str, Any]:
        """One step of a case, once for each command_id, decided on the version that the actor named."""
        kept = casework(self.settings)
        _, at, _ = self._now()

        def work(session: ClientSession) -> str:
            before = kept.cases.get(asked["application_id"], session)
            cases.require_sight(who, before)
            cases.check_version(before, asked.get("expected_version"))
            claim = asked.get("transition") == "recommend"
            known = kept.known(session, before, at, claim=claim)
            kept.cases.replace(session, before, step(before, kept, session, known))
            return before.case_id

        return self._shown(kept, kept.commands.once(who.client_id, asked, work), who)

    def _shown(self, kept: Casework, case_id: str, who: Actor) -> dict[str, Any]:
        case = kept.cases.get(case_id)
        cases.require_sight(who, case)
        other = kept.cases.get(case.appeal_of) if case.appeal_of else kept.cases.appeal_of(case_id)
        return shown_case(case, who, (other,) if other else ())

    def _decided_at(self, kept: Casework, case: Case, session: ClientSession) -> dt.datetime | None:
        """When it was decided against: the refusal, or the revocation of its award. None when it was not."""
        if case.state == "declined":
            return case.history[-1].at
        if case.award_id:
            award = kept.awards.get(case.award_id, session)
            if award.status is AwardStatus.REVOKED and award.case_id == case.case_id:
                return award.last.at
        return None

    def _award(
        self,
        kept: Casework,
        session: ClientSession,
        case: Case,
        standing: awards.Award | None,
        who: Actor,
        known: Known,
        reason: str,
    ) -> None:
        found, rules = cases.outcome(case), case.procedure.award
        assert found is not None
        assert found.stars
        assert case.award_id
        common: dict[str, Any] = {"at": known.at, "by": who.client_id, "reason": reason}
        if standing:
            renewed = awards.renew(
                standing, stars=found.stars, years=rules["years"], case_id=case.case_id, today=known.today, **common
            )
            kept.awards.replace(session, standing, renewed)
            return
        series = numbers.series(case.subject_kind, RecognisedBy.PROVINCE, known.today.year, case.region)
        kept.awards.add(
            session,
            awards.grant(
                award_id=case.award_id,
                number=kept.awards.draw(series, session),
                kind=case.subject_kind,
                subject_key=case.subject_key,
                name=case.name,
                unit=case.unit,
                region=case.region,
                stars=found.stars,
                years=rules["years"],
                check_days=case.procedure.windows["check"],
                recognised_by=RecognisedBy.PROVINCE,
                brand=_BRAND,
                case_id=case.case_id,
                awarded_on=known.today,
                **common,
            ),
        )
