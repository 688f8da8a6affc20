"""Calls about holiday notices: recorded by one clerk of the province, confirmed by another."""

from typing import Any

from pymongo.client_session import ClientSession

import plan as plans
from contract import applications as public
from contract import fields
from contract.housekeeping import Confirmation
from runtime import mongo
from runtime.hosting import rpc
from runtime.pages import ReadPage, given, walked
from services.housekeeping.access import Actor
from services.housekeeping.calls import Calls
from services.housekeeping.cases.casework import casework
from services.housekeeping.evidence import evidence_of, shown_evidence
from services.housekeeping.holidays import domain as holidays
from services.housekeeping.holidays.domain import Notice
from services.housekeeping.holidays.store import notices_of


class ReadHolidayNotices(ReadPage):
    state = fields.Choice(public.HolidayNoticeState)


class HolidayCalls(Calls):
    @rpc
    def record_holiday_notice(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RecordHolidayNotice -> HolidayNotice, to be confirmed; the province's. Refuses NotYourOffice,
        HolidayNoticeInvalid, EvidenceMissing."""
        asked, who = public.RecordHolidayNotice.read(command), Actor.of(actor)
        who.require_office("province")
        root, at, _ = self._now()
        notices = notices_of(self.settings)

        def work(session: ClientSession) -> str:
            days = tuple(holidays.Day(each["day"], bool(each["working"])) for each in asked["days"])
            notice = Notice(mongo.new_id(), 1, asked["document"], days, evidence_of(asked), who.client_id, at)
            recorded = root.calendar(session)
            notices.put(session, None, holidays.propose(notice, recorded=recorded, plan_year=self._plan_year()))
            return notice.notice_id

        return self._shown_notice(root.commands.once(who.client_id, asked, work))

    @rpc
    def decide_holiday_notice(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """DecideHolidayNotice -> HolidayNotice: confirmed, every running window is reckoned anew at once. Refuses
        NotYourOffice, HolidayNoticeNotFound, HolidayNoticeSettled, HolidayNoticeInvalid."""
        asked, who = public.DecideHolidayNotice.read(command), Actor.of(actor)
        who.require_office("province")
        root, at, _ = self._now()
        notices = notices_of(self.settings)
        decision = Confirmation(asked["decision"])

        def work(session: ClientSession) -> str:
            before = notices.get(asked["notice_id"], session)
            after = holidays.decide(
                before,
                decision,
                recorded=root.calendar(session),
                plan_year=self._plan_year(),
                by=who,
                at=at,
                reason=asked["reason"],
            )
            notices.put(session, before, after)
            if decision is Confirmation.CONFIRM:
                root.record_holidays(session, after.worked, document=after.document, at=at, by=who.client_id)
            return before.notice_id

        notice_id = root.commands.once(who.client_id, asked, work)
        recomputed = casework(self.settings).reckon_all(at) if decision is Confirmation.CONFIRM else 0
        return self._shown_notice(notice_id, recomputed=recomputed)

    @rpc
    def holiday_notices(
        self, actor: dict[str, Any], after: str | None = None, limit: int = 50, state: str | None = None
    ) -> dict[str, Any]:
        """``{"items": [HolidayNotice], "next"}``; the province's. Refuses NotYourOffice."""
        asked, who = ReadHolidayNotices.read(given(after=after, limit=limit, state=state)), Actor.of(actor)
        who.require_office("province")
        found = notices_of(self.settings).page(state=asked.get("state"), after=asked.get("after"), limit=asked["limit"])
        calendar = self._now()[0].calendar().name
        return walked(found, [_shown(each, calendar=calendar) for each in found])

    @rpc
    def holiday_file(self, notice_id: str, file_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"file_id", "sha256"}`` of the notice's document. Refuses NotYourOffice, HolidayNoticeNotFound,
        EvidenceNotFound."""
        Actor.of(actor).require_office("province")
        named = {item.file_id: item.sha256 for item in notices_of(self.settings).get(notice_id).evidence}
        if file_id not in named:
            raise public.EvidenceNotFound("没有这份材料", "there is no such document")
        return {"file_id": file_id, "sha256": named[file_id]}

    def _plan_year(self) -> int:
        return plans.read(self.settings.plan_file).year

    def _shown_notice(self, notice_id: str, recomputed: int = 0) -> dict[str, Any]:
        calendar = self._now()[0].calendar().name
        return _shown(notices_of(self.settings).get(notice_id), calendar=calendar, recomputed=recomputed)


def _shown(notice: Notice, *, calendar: str, recomputed: int = 0) -> dict[str, Any]:
    """HolidayNotice"""
    return public.HolidayNotice.write(
        notice_id=notice.notice_id,
        document=notice.document,
        days=[{"day": each.day, "working": each.working} for each in notice.days],
        evidence=[shown_evidence(item) for item in notice.evidence],
        state=notice.state.value,
        at=notice.at,
        by=notice.by,
        decided_at=notice.decided_at,
        reason=notice.reason,
        calendar=calendar,
        recomputed=recomputed,
    )
