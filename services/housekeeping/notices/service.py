"""Calls about the public notice: what is on it, what is said against it, and the documents behind it."""

from typing import Any

from pymongo.client_session import ClientSession

from contract import applications as public
from contract import regions
from runtime import mongo
from runtime.hosting import rpc
from runtime.pages import ReadRegion, given, walked
from services.housekeeping import access
from services.housekeeping.access import ANYBODY, Actor
from services.housekeeping.calls import Calls
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import notice, steps
from services.housekeeping.cases.casework import casework
from services.housekeeping.cases.domain import Case
from services.housekeeping.cases.notice import Objection
from services.housekeeping.cases.store import cases_of
from services.housekeeping.evidence import evidence_of
from services.housekeeping.notices import domain as notices
from services.housekeeping.notices.store import objections_of


class NoticeCalls(Calls):
    @rpc
    def notices(self, after: str | None = None, limit: int = 50, region: str | None = None) -> dict[str, Any]:
        """``{"items": [PublicNotice], "next"}``: what anybody may see, and object to."""
        asked = ReadRegion.read(given(after=after, limit=limit, region=region))
        found = cases_of(self.settings).page(
            within=asked.get("region", regions.PROVINCE),
            states=["on_notice", "inquiry"],
            after=asked.get("after"),
            limit=asked["limit"],
        )
        return walked(found, [_shown(case) for case in found])

    @rpc
    def raise_objection(self, command: dict[str, Any]) -> dict[str, Any]:
        """RaiseObjection -> ReceivedObjection; by anybody. Refuses CaseNotFound, ObjectionInvalid, NoticeClosed,
        ObjectionsFull."""
        asked = public.RaiseObjection.read(command)
        kept = casework(self.settings)
        _, at, _ = self._now()
        objections = objections_of(self.settings)
        about = asked["application_id"]
        evidence = evidence_of(asked)
        anonymous = notices.check(name=asked.get("name"), phone=asked.get("phone"), evidence=len(evidence))

        def work(session: ClientSession) -> str:
            case = kept.cases.get(about, session)
            if not case.notices:
                raise cases.not_found()  # that there is an application is nobody's business before its notice
            if case.state not in ("on_notice", "inquiry"):
                raise notice.closed()
            notice.check_room(case.objections, anonymous=anonymous)
            objection = Objection(mongo.new_id(), len(case.notices), anonymous, at)
            known = kept.known(session, case, at)
            after = steps.take(
                case, "object", actor=ANYBODY, reason="公示期内收到异议", known=known, objection=objection
            )
            kept.cases.replace(session, case, after)
            said: dict[str, Any] = {name: asked[name] for name in ("statement", "name", "phone") if name in asked}
            objections.seal(session, objection.objection_id, about, said, asked["evidence"])
            return objection.objection_id

        objection_id = kept.commands.once("public", asked, work)
        received = next(o for o in kept.cases.get(about).objections if o.objection_id == objection_id)
        return public.ReceivedObjection.write(
            objection_id=objection_id, application_id=about, received_at=received.received_at
        )

    @rpc
    def read_objection(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ReadObjection -> OpenedObjection, for the province's inquiry, after recording who read it and why."""
        asked, who = public.ReadObjection.read(command), Actor.of(actor)
        who.require(access.REVEAL)
        root, at, _ = self._now()
        case = cases_of(self.settings).get(asked["application_id"])
        cases.require_sight(who, case)
        who.require_office("province", region=case.region)
        found = objections_of(self.settings).open(case.case_id, asked["objection_id"])
        if found is None:
            raise public.ObjectionNotFound("没有这项异议", "there is no such objection")
        root.record_reveal(
            what="objection",
            about=asked["objection_id"],
            actor=who,
            reason=asked["reason"],
            at=at,
            command_id=asked.get("command_id"),
        )
        return public.OpenedObjection.write(
            objection_id=asked["objection_id"],
            statement=found["statement"],
            name=found.get("name"),
            phone=found.get("phone"),
            evidence=found["evidence"],
        )

    @rpc
    def evidence_file(self, application_id: str, file_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"file_id", "sha256"}`` of a document of this application, of its steps, or, for the province's inquiry, of
        an objection to it. Refuses CaseNotFound, EvidenceNotFound."""
        who = Actor.of(actor)
        case = cases_of(self.settings).get(application_id)
        cases.require_sight(who, case)
        named = {item.file_id: item.sha256 for item in case.evidence}
        named |= {item.file_id: item.sha256 for step in case.history for item in step.evidence}
        if access.REVEAL in who.scopes and who.holds("province", region=case.region, organisation=""):
            named |= objections_of(self.settings).files(application_id)
        if file_id not in named:
            raise public.EvidenceNotFound("没有这份材料", "there is no such document")
        return {"file_id": file_id, "sha256": named[file_id]}


def _shown(case: Case) -> dict[str, Any]:
    """PublicNotice"""
    notice = case.notices[-1]
    return public.PublicNotice.write(
        application_id=case.case_id,
        subject_kind=case.subject_kind.value,
        name=case.name,
        unit=case.unit,
        region_name=regions.get(case.region).full_name,
        stars=notice.stars,
        opened_on=notice.window.opened_on,
        ends_on=notice.window.ends_on,
        working_days=notice.window.working_days,
        under_inquiry=case.state == "inquiry",
    )
