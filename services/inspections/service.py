"""What inspections is asked: commands and queries, as the gateway sends them. Every method takes and gives JSON.
Inspections and their samples are dealt with here, the rest in the folders of its nouns.

``actor`` is contract.actor.Actor. Refusals are those of contract.inspections, findings, withdrawals, matters,
greenways and hints; a command with a ``command_id`` that was told before changes nothing and is answered with what it
was about, as it is now.
"""

import secrets
from collections import Counter
from decimal import Decimal
from typing import Any

from pymongo.client_session import ClientSession

from contract import certification, fields, housekeeping, regions, reports, targets
from contract import inspections as public
from contract.inspections import CountedFact, InspectionsNotAllowed, InspectionState, Outcome
from contract.message import Message, Said
from runtime import mongo
from runtime.calls import LogCalls, TimeCalls
from runtime.events import listen
from runtime.hosting import Settings, rpc
from runtime.outbox import Outbox
from runtime.pages import ReadRegion, given, nothing, paged, within_of
from services.inspections import domain
from services.inspections.access import Actor, not_allowed
from services.inspections.answers import plain
from services.inspections.calls import unnamed
from services.inspections.domain import Inspection, Sample, Unit
from services.inspections.findings.domain import Finding
from services.inspections.findings.service import FindingCalls
from services.inspections.findings.store import findings as kept_findings
from services.inspections.greenways.service import GreenwayCalls
from services.inspections.hints.service import HintCalls
from services.inspections.matters.service import MatterCalls
from services.inspections.supervision.service import SupervisionCalls
from services.inspections.withdrawals.service import WithdrawalCalls


class ReadInspections(ReadRegion):
    target_id = fields.Text(at_most=10)
    state = fields.Choice(InspectionState)


class ReadUnits(Message):
    after = fields.Whole()
    limit = fields.Whole(at_least=1, at_most=500)
    region = fields.RegionCode()


class Inspections(
    FindingCalls, SupervisionCalls, WithdrawalCalls, MatterCalls, GreenwayCalls, HintCalls, LogCalls, TimeCalls
):
    name = "inspections"

    settings = Settings()
    time_refused = InspectionsNotAllowed

    @rpc
    def plan_inspection(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """PlanInspection -> Inspection, whose sample is drawn soon. Refuses InspectionInvalid, RegionUnknown,
        RegionAmbiguous, InspectionsNotAllowed, CommandReused."""
        asked, who = public.PlanInspection.read(command), Actor.of(actor)
        who.require_inspector()
        kept, at, today = self._now()
        if not who.sees(self._plan(), target_id=asked["target_id"], region=regions.get(asked["region"]).code):
            raise not_allowed()
        planned = domain.plan_one(
            self._plan(),
            inspection_id=mongo.new_id(),
            title=asked["title"],
            target_id=asked["target_id"],
            region=asked["region"],
            as_of=asked.get("as_of"),
            size=asked["size"],
            seed=asked.get("seed"),
            chance=secrets.token_hex(16),
            members=asked["members"],
            today=today,
            at=at,
            by=who.client_id,
        )

        def work(session: ClientSession) -> str:
            kept.add(session, planned)
            return planned.inspection_id

        done = kept.commands.once(who.client_id, asked, work, action="plan")
        return self._shown([kept.get(done)])[0]

    @rpc
    def inspection(self, inspection_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Inspection. Refuses InspectionNotFound, InspectionsNotAllowed."""
        kept, _, _ = self._now()
        return self._shown([self._seen(kept, inspection_id, Actor.of(actor))])[0]

    @rpc
    def inspections(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadInspections -> ``{"items": [Inspection], "next": cursor or None}`` of those that the actor may see.
        Refuses InspectionsNotAllowed."""
        kept, _, _ = self._now()
        return self._listed(actor, ReadInspections, asked, kept.page, self._shown)

    @rpc
    def inspection_units(
        self,
        inspection_id: str,
        actor: dict[str, Any],
        after: int | None = None,
        limit: int = 50,
        region: str | None = None,
    ) -> dict[str, Any]:
        """``{"items": [SampleUnit], "next"}`` in the order of the sample. Refuses InspectionNotFound,
        InspectionsNotAllowed."""
        who = Actor.of(actor)
        kept, _, _ = self._now()
        asked = ReadUnits.read(given(after=after, limit=limit, region=region))
        found = self._seen(kept, inspection_id, who)
        if (within := within_of(who.region, asked.get("region"))) is None:
            return nothing()
        units = kept.units(found.inspection_id, within=within, after=asked.get("after", 0), limit=asked["limit"] + 1)
        known = kept_findings(self.settings).of_units(inspection_id, [unit.number for unit in units])
        shown = [unnamed(_shown_unit(unit, known.get(unit.number)), who) for unit in units]
        return paged(shown, asked["limit"], "number")

    @listen(*targets.FOR_INSPECTIONS)
    def on_targets(self, said: Said) -> None:
        """A sample was drawn, or something looks odd."""
        if said.event is targets.SampleDrawn:
            self._hear_sample(said)
        else:
            self.hear_anomaly(said)

    @listen(*certification.FOR_INSPECTIONS)
    def on_certification(self, said: Said) -> None:
        """What became of an order, or something looks odd."""
        if said.event is certification.WithdrawalAnswered:
            self.hear_answer(said)
        else:
            self.hear_anomaly(said)

    @listen(*housekeeping.ANSWERS)
    def on_housekeeping(self, said: Said) -> None:
        self.hear_answer(said)

    @listen(*reports.ANSWERS)
    def on_reports(self, said: Said) -> None:
        self.hear_answer(said)

    def _outbox(self) -> Outbox:
        return self._now()[0].outbox

    def _hear_sample(self, said: Said) -> None:
        """SampleDrawn, kept with the inspection; told again it changes nothing."""
        kept, at, _ = self._now()
        told = said.data

        def work(session: ClientSession) -> None:
            before = kept.get(told["inspection_id"], session)
            sample = Sample(told["frame_size"], told["frame_digest"], len(told["units"]), at)
            after = domain.drawn(before, sample, by=said.service)
            if after is not before:
                kept.put(session, after, over=before.version)
                kept.add_units(session, _units(before.inspection_id, told["units"]))

        kept.commands.transact(work)

    def _shown(self, found: list[Inspection]) -> list[dict[str, Any]]:
        outcomes, unmended = kept_findings(self.settings).outcomes([each.inspection_id for each in found])
        indicators = self._plan().indicators
        shown = []
        for each in found:
            indicator, counts = indicators.get(each.target_id), outcomes.get(each.inspection_id, Counter())
            told = plain(each)
            told["target_name"] = indicator.name if indicator else each.target_id
            told["outcomes"] = {outcome.value: counts[outcome.value] for outcome in Outcome}
            told["unmended"] = unmended[each.inspection_id]
            shown.append(public.Inspection.write(**told, as_of=each.as_of))
        return shown


def _shown_unit(unit: Unit, finding: Finding | None) -> dict[str, Any]:
    return public.SampleUnit.write(
        inspection_id=unit.inspection_id,
        number=unit.number,
        subject=unit.subject,
        fact=unit.fact,
        fact_id=unit.fact_id,
        region=unit.region,
        region_name=regions.get(unit.region).full_name,
        amount=unit.amount,
        effective_on=unit.on,
        outcome=finding.outcome if finding else None,
        finding_id=finding.finding_id if finding else None,
    )


def _units(inspection_id: str, told: list[dict[str, Any]]) -> list[Unit]:
    return [
        Unit(
            inspection_id=inspection_id,
            number=number,
            subject=unit["subject"],
            fact=CountedFact(unit["fact"]),
            fact_id=unit["fact_id"],
            region=unit["region"],
            amount=Decimal(unit["amount"]),
            on=fields.Day().deserialize(unit["on"]),
        )
        for number, unit in enumerate(told, 1)
    ]
