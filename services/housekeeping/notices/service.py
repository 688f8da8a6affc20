"""Calls about the public notice: what is on it, what is said against it, and the documents behind it."""

import hmac
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
from services.housekeeping.cases.casework import Casework, casework
from services.housekeeping.cases.domain import Case
from services.housekeeping.cases.notice import Objection
from services.housekeeping.cases.store import cases_of
from services.housekeeping.objections import domain as objecting
from services.housekeeping.objections.store import objections_of


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
        ObjectionsFull, ObjectionsTooMany, Invalid when a file that it names is not there."""
        asked = public.RaiseObjection.read(command)
        kept = casework(self.settings)
        _, at, _ = self._now()
        about = asked["application_id"]
        anonymous = objecting.check(name=asked.get("name"), phone=asked.get("phone"), evidence=len(asked["evidence"]))
        hashes = {}
        if "sender" in asked:
            hashes["sender"] = kept.objections.hashed("sender", asked["sender"])
        if not anonymous:
            hashes["person"] = kept.objections.hashed("person", objecting.digits(asked["phone"]))

        def work(session: ClientSession) -> str:
            case = kept.cases.get(about, session)
            if not case.notices:
                raise cases.not_found()  # that there is an application is nobody's business before its notice
            if case.state not in ("on_notice", "inquiry"):
                raise notice.closed()
            known = kept.known(session, case, at)
            now = steps.brought_on(case, known)
            limits = now.procedure.objections
            objecting.check_rate(limits, **kept.objections.earlier(session, about, at, **hashes))
            notice.check_room(now.objections, limits, anonymous=anonymous)
            objection = Objection(mongo.new_id(), len(case.notices), anonymous, at)
            after = steps.take(
                now,
                "receive_objection",
                actor=ANYBODY,
                reason="公示期内收到异议",
                known=known,
                objection=objection,
            )
            kept.cases.replace(session, case, after)
            said: dict[str, Any] = {name: asked[name] for name in ("statement", "name", "phone") if name in asked}
            kept.objections.seal(session, objection.objection_id, about, said, asked["evidence"], at=at, **hashes)
            return objection.objection_id

        objection_id = kept.commands.once("public", asked, work)
        received = next(o for o in kept.cases.get(about).objections if o.objection_id == objection_id)
        assert received.window is not None
        return public.ReceivedObjection.write(
            objection_id=objection_id,
            application_id=about,
            received_at=received.received_at,
            until=received.window.ends_on,
            receipt=kept.objections.receipt(objection_id),
        )

    @rpc
    def objection_status(self, query: dict[str, Any]) -> dict[str, Any]:
        """ReadObjectionStatus -> ObjectionStatus, for whoever has its receipt. Refuses ObjectionNotFound."""
        asked = public.ReadObjectionStatus.read(query)
        kept = casework(self.settings)
        return _status(kept.cases.get(_with_receipt(kept, asked)), asked["objection_id"])

    @rpc
    def appeal_objection(self, command: dict[str, Any]) -> dict[str, Any]:
        """AppealObjection -> ObjectionStatus, for whoever has its receipt. Refuses ObjectionNotFound, ObjectionInvalid,
        AppealNotAllowed, Invalid when a file that it names is not there."""
        asked = public.AppealObjection.read(command)
        kept = casework(self.settings)
        _, at, _ = self._now()
        objection_id = asked["objection_id"]

        def work(session: ClientSession) -> str:
            case = kept.cases.get(_with_receipt(kept, asked), session)
            if case.state not in ("on_notice", "inquiry"):
                raise public.AppealNotAllowed("该申报已不在公示或核查环节", "the application is not on notice any more")
            known = kept.known(session, case, at)
            now = steps.brought_on(case, known)
            found = next(each for each in now.objections if each.objection_id == objection_id)
            after = steps.take(
                now,
                "appeal_objection",
                actor=ANYBODY,
                reason="异议人对不予受理的决定提出申诉",
                known=known,
                objection=found,
            )
            kept.cases.replace(session, case, after)
            kept.objections.seal_appeal(session, objection_id, asked["reason"], asked["evidence"])
            return objection_id

        kept.commands.once("public", asked, work)
        return _status(kept.cases.get(_with_receipt(kept, asked)), objection_id)

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
            appeal=found.get("appeal"),
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
        objections_received=sum(each.notice == notice.number for each in case.objections),
    )


def _with_receipt(kept: Casework, asked: dict[str, Any]) -> str:
    """The application that it is about. Raises ObjectionNotFound also when the receipt is another's."""
    objection_id = asked["objection_id"]
    about = kept.objections.case_of(objection_id)
    if about is None or not hmac.compare_digest(kept.objections.receipt(objection_id), asked["receipt"]):
        raise public.ObjectionNotFound(
            "没有这项异议，或回执有误", "there is no such objection, or its receipt is another"
        )
    return about


def _status(case: Case, objection_id: str) -> dict[str, Any]:
    """ObjectionStatus"""
    found = next(each for each in case.objections if each.objection_id == objection_id)
    ground = case.procedure.grounds.get(found.ground or "")
    return public.ObjectionStatus.write(
        objection_id=objection_id,
        application_id=case.case_id,
        received_at=found.received_at,
        state=found.state.value,
        until=found.window.ends_on if found.window else None,
        ground=found.ground,
        ground_name=f"{ground.title} · {ground.title_en}" if ground else None,
        answer=found.answer,
        finding=found.finding,
        closed=case.final,
    )
