"""Calls about the public notice: what is on it, objections; and the quotas and holiday calendar that bind cases."""

from typing import Any

from pymongo.client_session import ClientSession

from contract import applications as public
from contract import regions
from contract.errors import field_error
from contract.housekeeping import StarsNotAllowed, SubjectKind
from runtime import mongo
from runtime.hosting import rpc
from runtime.pages import ReadRegion, given, paged
from services.housekeeping import access
from services.housekeeping.access import ANYBODY
from services.housekeeping.answers import shown_notice
from services.housekeeping.calls import Calls, actor_of, evidence_of
from services.housekeeping.cases import notice, steps
from services.housekeeping.cases.casework import known_of, reckon_all, require_sight
from services.housekeeping.cases.notice import Objection
from services.housekeeping.store import Housekeeping


class NoticeCalls(Calls):
    @rpc
    def notices(self, after: str | None = None, limit: int = 50, region: str | None = None) -> dict[str, Any]:
        """``{"items": [PublicNotice], "next"}``: what anybody may see, and object to."""
        asked = ReadRegion.read(given(after=after, limit=limit, region=region))
        kept, _, _ = self._now()
        found = kept.cases.page(
            within=asked.get("region", regions.PROVINCE),
            states=["on_notice", "inquiry"],
            after=asked.get("after"),
            limit=asked["limit"] + 1,
        )
        return paged([shown_notice(case) for case in found], asked["limit"], "application_id")

    @rpc
    def raise_objection(self, command: dict[str, Any]) -> dict[str, Any]:
        """RaiseObjection -> ReceivedObjection; by anybody. Refuses CaseNotFound, ObjectionInvalid, NoticeClosed."""
        asked = public.RaiseObjection.read(command)
        kept, at, _ = self._now()
        about = asked["application_id"]
        evidence = evidence_of(asked)
        anonymous = notice.check(name=asked.get("name"), phone=asked.get("phone"), evidence=len(evidence))

        def work(session: ClientSession) -> str:
            case = kept.cases.get(about, session)
            if not case.notices:
                raise access.case_not_found()  # that there is an application is nobody's business before its notice
            if case.state not in ("on_notice", "inquiry"):
                raise notice.closed()
            objection = Objection(mongo.new_id(), len(case.notices), anonymous, at)
            known = known_of(kept, session, case, at)
            after = steps.take(
                case, "object", actor=ANYBODY, reason="公示期内收到异议", known=known, objection=objection
            )
            kept.cases.replace(session, case, after)
            said: dict[str, Any] = {name: asked[name] for name in ("statement", "name", "phone") if name in asked}
            kept.cases.seal_objection(session, objection.objection_id, about, said, asked["evidence"])
            return objection.objection_id

        objection_id = kept.commands.once("public", asked, work)
        received = next(o for o in kept.cases.get(about).objections if o.objection_id == objection_id)
        return public.ReceivedObjection.write(
            objection_id=objection_id, application_id=about, received_at=received.received_at
        )

    @rpc
    def read_objection(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ReadObjection -> OpenedObjection, for the province's inquiry, after recording who read it and why."""
        asked, who = public.ReadObjection.read(command), actor_of(actor)
        who.require(access.REVEAL)
        kept, at, _ = self._now()
        case = kept.cases.get(asked["application_id"])
        require_sight(who, case)
        who.require_office("province", region=case.region)
        found = kept.cases.open_objection(case.case_id, asked["objection_id"])
        if found is None:
            raise public.ObjectionNotFound("没有这项异议", "there is no such objection")
        kept.record_reveal(what="objection", about=asked["objection_id"], actor=who, reason=asked["reason"], at=at)
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
        who = actor_of(actor)
        kept, _, _ = self._now()
        case = kept.cases.get(application_id)
        require_sight(who, case)
        named = {item.file_id: item.sha256 for item in case.evidence}
        named |= {item.file_id: item.sha256 for step in case.history for item in step.evidence}
        if access.REVEAL in who.scopes and who.holds("province", region=case.region, organisation=""):
            named |= kept.cases.objection_files(application_id)
        if file_id not in named:
            raise public.EvidenceNotFound("没有这份材料", "there is no such document")
        return {"file_id": file_id, "sha256": named[file_id]}

    @rpc
    def set_quota(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """SetQuota -> Quota; the province's. Refuses NotYourOffice, RegionUnknown."""
        asked, who = public.SetQuota.read(command), actor_of(actor)
        who.require_office("province")
        kept, at, _ = self._now()
        unit, kind = regions.get(asked["unit"]), SubjectKind(asked["subject_kind"])
        if unit.code not in {each.code for each in regions.units()}:
            raise StarsNotAllowed("名额按设区市（含定州、辛集、雄安新区）下达", "places are given to the 14 units")

        def work(session: ClientSession) -> str:
            step = {"at": at, "by": who.client_id, "reason": asked["reason"]}
            kept.cases.set_quota(
                session, unit=unit.code, kind=kind, year=asked["year"], places=asked["places"], step=step
            )
            return unit.code

        kept.commands.once(who.client_id, asked, work)
        return self._quota(kept, unit.code, kind, asked["year"])

    @rpc
    def quotas(self, actor: dict[str, Any], year: int | None = None) -> dict[str, Any]:
        """``{"items": [Quota]}`` of every unit and kind that the actor may see; this year's unless another is asked."""
        who = actor_of(actor)
        who.require(access.READ)
        kept, _, today = self._now()
        items = [
            self._quota(kept, unit.code, kind, year or today.year)
            for unit in regions.units()
            if unit.code in regions.get(who.region).path or regions.within(unit.code, who.region)
            for kind in SubjectKind
        ]
        return {"items": items}

    @rpc
    def record_holiday_notice(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RecordHolidayNotice -> HolidayNotice: every running window is reckoned anew at once. The province's."""
        asked, who = public.RecordHolidayNotice.read(command), actor_of(actor)
        who.require_office("province")
        kept, at, _ = self._now()
        days = {each["day"]: bool(each["working"]) for each in asked["days"]}
        if not days or len(days) != len(asked["days"]):
            fault = field_error("/days", "twice", "日期不得为空或重复", "must be there, each day once")
            raise public.HolidayNoticeInvalid("节假日安排有误", "the holiday notice has errors", [fault])

        def work(session: ClientSession) -> str:
            kept.record_holidays(session, days, document=asked["document"], at=at, by=who.client_id)
            return str(asked["document"])

        kept.commands.once(who.client_id, asked, work)
        return public.HolidayNotice.write(
            document=asked["document"],
            days=asked["days"],
            calendar=kept.calendar().name,
            recomputed=reckon_all(kept, at),
        )

    def _quota(self, kept: Housekeeping, unit: str, kind: SubjectKind, year: int) -> dict[str, Any]:
        places, used = kept.cases.quota(unit=unit, kind=kind, year=year)
        return public.Quota.write(
            unit=unit,
            unit_name=regions.get(unit).name,
            subject_kind=kind.value,
            year=year,
            places=places,
            recommended=used,
        )
