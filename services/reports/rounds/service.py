"""Calls about dispatch rounds (调度). The province's dispatcher opens, amends, cancels, reminds and closes; who reads
reports reads them, each within their region and, acting for a department, of its indicators only."""

from collections.abc import Sequence
from typing import Any

from pymongo.client_session import ClientSession

from contract import fields, regions, targets
from contract import rounds as public
from contract.actor import Actor
from contract.message import Message, Said
from contract.words import Role
from plan import Indicator
from runtime import clock, mongo
from runtime.events import listen
from runtime.hosting import rpc
from runtime.pages import ReadPage, given, paged
from services.reports.calls import Calls
from services.reports.rounds import domain, store
from services.reports.rounds.domain import Attendance, Round, Snapshot
from services.reports.rounds.due import due_day
from services.reports.rounds.store import Rounds
from services.reports.store import timepiece

READ, WRITE = "reports:read", "rounds:write"

_SUMMARY = (
    *("round_id", "version", "year", "number", "period", "as_of", "opens_on", "due_on", "opened_by"),
    *("closed_at", "closed_by", "closed_early_because", "cancelled_at", "cancelled_by", "cancelled_because"),
    "snapshot",
)


class ReadRound(Message):
    """``unit``: only of this region and below; ``department``: only of this one's indicators."""

    round_id = fields.Id(required=True)
    unit = fields.RegionCode()
    department = fields.Text(at_most=50)


class RoundCalls(Calls):
    @listen(*targets.FOR_REPORTS)
    def on_snapshot(self, said: Said) -> None:
        snapshot = Snapshot(said.data["snapshot_id"], said.data["digest"])
        store.rounds(self.settings).put_snapshot(said.data["round_id"], snapshot)

    @rpc
    def open_round(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """OpenRound -> Round. Refuses RoundInvalid, RoundAlreadyOpen, PeriodAlreadyClosed, RoundsNotAllowed,
        CommandReused."""
        asked, who = public.OpenRound.read(command), _dispatcher(actor)
        kept, plan, at = self._rounds(), self._plan(), timepiece.now(self.settings)

        def work(session: ClientSession) -> str:
            _refuse_second(kept, asked["period"], session)
            opened = domain.open_round(
                plan=plan,
                round_id=mongo.new_id(),
                number=kept.next_number(plan.year, session),
                period=asked["period"],
                opens_on=asked.get("opens_on"),
                due_on=asked.get("due_on") or due_day(asked["period"]),
                at=at,
                today=clock.day_of(at),
                by=who.client_id,
            )
            kept.add(session, opened)
            return opened.round_id

        return self._round(kept.commands.once(who.client_id, asked, work, action="open_round"), who)

    @rpc
    def amend_round(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """AmendRound -> Round. Refuses RoundNotFound, RoundAlreadyClosed, RoundAlreadyCancelled, RoundPastDue,
        RoundInvalid, RoundChanged, RoundsNotAllowed, CommandReused."""
        asked, who = public.AmendRound.read(command), _dispatcher(actor)
        kept, at = self._rounds(), timepiece.now(self.settings)

        def work(session: ClientSession) -> str:
            before = kept.get(asked["round_id"], session)
            domain.check_version(before, asked.get("expected_version"))
            after = domain.amend(
                before,
                opens_on=asked.get("opens_on"),
                due_on=asked.get("due_on"),
                reason=asked["reason"],
                at=at,
                today=clock.day_of(at),
                by=who.client_id,
            )
            kept.put_amended(session, before, after)
            return after.round_id

        return self._round(kept.commands.once(who.client_id, asked, work, action="amend_round"), who)

    @rpc
    def cancel_round(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """CancelRound -> Round. Refuses RoundNotFound, RoundAlreadyClosed, RoundAlreadyCancelled, RoundChanged,
        RoundsNotAllowed, CommandReused."""
        asked, who = public.CancelRound.read(command), _dispatcher(actor)
        kept, at = self._rounds(), timepiece.now(self.settings)

        def work(session: ClientSession) -> str:
            before = kept.get(asked["round_id"], session)
            domain.check_version(before, asked.get("expected_version"))
            after = domain.cancel(before, reason=asked["reason"], at=at, by=who.client_id)
            kept.put_cancelled(session, before, after)
            return after.round_id

        return self._round(kept.commands.once(who.client_id, asked, work, action="cancel_round"), who)

    @rpc
    def remind_round(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RemindRound -> Round. Refuses RoundNotFound, RoundAlreadyClosed, RoundAlreadyCancelled, NobodyToRemind,
        RoundChanged, RoundsNotAllowed, CommandReused."""
        asked, who = public.RemindRound.read(command), _dispatcher(actor)
        kept, plan, at = self._rounds(), self._plan(), timepiece.now(self.settings)

        def work(session: ClientSession) -> str:
            before = kept.get(asked["round_id"], session)
            domain.check_version(before, asked.get("expected_version"))
            now = domain.attendance(plan, kept.filings(before.period, session), due_on=before.due_on)
            missing = sum(len(one.missing) for one in now)
            after = domain.remind(before, missing=missing, at=at, by=who.client_id)
            kept.put_reminded(session, before, after, now)
            return after.round_id

        return self._round(kept.commands.once(who.client_id, asked, work, action="remind_round"), who)

    @rpc
    def close_round(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """CloseRound -> Round; a snapshot of it follows. Refuses RoundNotFound, RoundAlreadyClosed,
        RoundAlreadyCancelled, RoundNotDue, RoundChanged, RoundsNotAllowed, CommandReused."""
        asked, who = public.CloseRound.read(command), _dispatcher(actor)
        kept, plan, (lines, at, _) = self._rounds(), self._plan(), self._now()

        def work(session: ClientSession) -> str:
            # Who files meanwhile comes wholly before, and is named as there, or wholly after, and is in no snapshot.
            lines.take(session, *domain.reporting(plan))
            before = kept.get(asked["round_id"], session)
            domain.check_version(before, asked.get("expected_version"))
            after = domain.close(before, reason=asked.get("reason"), at=at, today=clock.day_of(at), by=who.client_id)
            now = domain.attendance(plan, kept.filings(before.period, session), due_on=before.due_on)
            kept.put_closed(session, before, after, now)
            return after.round_id

        return self._round(kept.commands.once(who.client_id, asked, work, action="close_round"), who)

    @rpc
    def round(
        self, round_id: str, actor: dict[str, Any], unit: str | None = None, department: str | None = None
    ) -> dict[str, Any]:
        """-> Round. Refuses RoundNotFound (also for a unit outside the actor's region), RoundsNotAllowed."""
        asked = ReadRound.read(given(round_id=round_id, unit=unit, department=department))
        return self._round(asked["round_id"], _reader(actor), asked.get("unit"), asked.get("department"))

    @rpc
    def rounds(self, actor: dict[str, Any], after: str | None = None, limit: int = 50) -> dict[str, Any]:
        """``{"items": [RoundSummary], "next": cursor or None}``, the newest first. Refuses RoundsNotAllowed."""
        _reader(actor)
        asked = ReadPage.read(given(after=after, limit=limit))
        found = self._rounds().page(after=asked.get("after"), limit=asked["limit"] + 1)
        return paged([public.RoundSummary.write(**_summary(one)) for one in found], asked["limit"], "round_id")

    @rpc
    def reminder(self, round_id: str, number: int, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Reminded, within the actor's region and department. Refuses RoundNotFound, RoundsNotAllowed."""
        who = _reader(actor)
        asked = ReadRound.read({"round_id": round_id})
        found = self._rounds().reminded(asked["round_id"], number)
        if found is None:
            raise public.RoundNotFound("没有这次催报", "there is no such reminder")
        reminder, missing = found
        all = [Attendance(target_id, (), (), (), tuple(codes)) for target_id, codes in missing.items()]
        seen = self._attended(all, who, None, None)
        return public.Reminded.write(
            number=reminder.number, at=reminder.at, by=reminder.by, outstanding=_outstanding(seen)
        )

    def _rounds(self) -> Rounds:
        return store.rounds(self.settings)

    def _round(
        self, round_id: str, who: Actor, unit: str | None = None, department: str | None = None
    ) -> dict[str, Any]:
        kept = self._rounds()
        found = kept.get(round_id)
        all = [] if found.cancelled_at else kept.attendance(round_id)
        if all is None:
            all = domain.attendance(self._plan(), kept.filings(found.period), due_on=found.due_on)
        seen = self._attended(all, who, unit, department)
        lines = [one for _, one in seen]
        return public.Round.write(
            **_summary(found),
            tally=domain.tally(lines),
            units=[{"region": unit.code, "region_name": unit.name, **counts} for unit, counts in domain.by_unit(lines)],
            departments=[{"department": of, **counts} for of, counts in domain.by_department(seen)],
            outstanding=_outstanding(seen),
            reminders=[vars(reminder) for reminder in found.reminders],
            amendments=[vars(amendment) for amendment in found.amendments],
        )

    def _attended(
        self, all: Sequence[Attendance], who: Actor, unit: str | None, department: str | None
    ) -> list[tuple[Indicator, Attendance]]:
        plan = self._plan()
        within = regions.get(unit).code if unit else who.region
        if not regions.within(within, who.region):
            raise public.RoundNotFound("该地区不在您的辖区之内", "this region is not within yours")
        seen = domain.seen(all, plan, within=within, department=department)
        own = plan.concerning(role=who.role, organisation=who.organisation, region=who.region)
        return [(indicator, one) for indicator, one in seen if indicator.id in own]


def _outstanding(seen: Sequence[tuple[Indicator, Attendance]]) -> list[dict[str, Any]]:
    return [
        {
            "target_id": indicator.id,
            "name": indicator.name,
            "department": indicator.owner,
            "late": list(one.late),
            "missing": list(one.missing),
        }
        for indicator, one in seen
        if one.outstanding
    ]


def _summary(round: Round) -> dict[str, Any]:
    summary = {name: getattr(round, name) for name in _SUMMARY}
    return summary | {"snapshot": round.snapshot and vars(round.snapshot)}


def _refuse_second(kept: Rounds, period: str, session: ClientSession) -> None:
    """Raises RoundAlreadyOpen, PeriodAlreadyClosed."""
    running = kept.open(session)
    if running:
        raise public.RoundAlreadyOpen(
            f"{running.period}的调度尚未关闭，请先关闭",
            f"the round of {running.period} is still open: close it first",
            facts={"round_id": running.round_id},
        )
    if kept.of_period(period, session):
        raise public.PeriodAlreadyClosed(
            f"{period}的调度已经关闭；关闭后的变动在下一期反映，或以更正通报说明",
            f"the round of {period} is closed; what has changed since belongs into the next one, or a correction",
        )


def _reader(actor: dict[str, Any]) -> Actor:
    who = Actor.of(actor)
    if not who.has(READ, WRITE):
        raise _not_allowed()
    return who


def _dispatcher(actor: dict[str, Any]) -> Actor:
    who = Actor.of(actor)
    if WRITE not in who.scopes or who.role != Role.DISPATCHER or who.region != regions.PROVINCE:
        raise _not_allowed()
    return who


def _not_allowed() -> public.RoundsNotAllowed:
    return public.RoundsNotAllowed("调度由省发展改革委组织", "rounds are the province's dispatcher's to organise")
