"""Calls about inspections: planned, their samples heard of, and shown."""

import secrets
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from pymongo.client_session import ClientSession

from contract import fields, regions
from contract import inspections as public
from contract.inspections import CountedFact, InspectionState
from contract.message import Message, Said
from runtime import mongo
from runtime.hosting import rpc
from runtime.pages import ReadRegion, given, nothing, paged, within_of
from services.inspections import access, inspections
from services.inspections.access import Actor
from services.inspections.answers import shown_inspection, shown_unit
from services.inspections.calls import Calls, actor_of
from services.inspections.inspections import Inspection, Sample, Unit
from services.inspections.store import Inspections
from services.inspections.store_inspections import inspection_not_found
from services.inspections.store_register import concerning

Kept = TypeVar("Kept")


class ReadInspections(ReadRegion):
    target_id = fields.Text(at_most=10)
    state = fields.Choice(InspectionState)


class ReadUnits(Message):
    after = fields.Whole()
    limit = fields.Whole(at_least=1, at_most=500)
    region = fields.RegionCode()


class InspectionCalls(Calls):
    @rpc
    def plan_inspection(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """PlanInspection -> Inspection, whose sample is drawn soon. Refuses InspectionInvalid, RegionUnknown,
        RegionAmbiguous, InspectionsNotAllowed, CommandReused."""
        asked, who = public.PlanInspection.read(command), actor_of(actor)
        who.require_inspector()
        kept, at, today = self._now()
        if not who.sees(self._plan(), target_id=asked["target_id"], region=regions.get(asked["region"]).code):
            raise access.not_allowed()
        planned = inspections.plan_one(
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
            kept.planned.add(session, planned)
            return planned.inspection_id

        done = kept.commands.once(who.client_id, asked, work, action="plan")
        return self._shown(kept, [kept.planned.get(done)])[0]

    @rpc
    def inspection(self, inspection_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Inspection. Refuses InspectionNotFound, InspectionsNotAllowed."""
        kept, _, _ = self._now()
        return self._shown(kept, [self._seen(kept, inspection_id, actor_of(actor))])[0]

    @rpc
    def inspections(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadInspections -> ``{"items": [Inspection], "next": cursor or None}`` of those that the actor may see.
        Refuses InspectionsNotAllowed."""
        kept, _, _ = self._now()
        return self._listed(
            actor, ReadInspections, asked, kept.planned.page, lambda found: self._shown(kept, found), "inspection_id"
        )

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
        who = actor_of(actor)
        kept, _, _ = self._now()
        asked = ReadUnits.read(given(after=after, limit=limit, region=region))
        found = self._seen(kept, inspection_id, who)
        if (within := within_of(who.region, asked.get("region"))) is None:
            return nothing()
        units = kept.planned.units(
            found.inspection_id, within=within, after=asked.get("after", 0), limit=asked["limit"] + 1
        )
        known = kept.findings.of_units(inspection_id, [unit.number for unit in units])
        return paged([shown_unit(unit, known.get(unit.number)) for unit in units], asked["limit"], "number")

    def hear_sample(self, said: Said) -> None:
        """SampleDrawn, kept with the inspection; told again it changes nothing."""
        kept, at, _ = self._now()
        told = said.data

        def work(session: ClientSession) -> None:
            before = kept.planned.get(told["inspection_id"], session)
            sample = Sample(told["frame_size"], told["frame_digest"], len(told["units"]), at)
            after = inspections.drawn(before, sample, by=said.service)
            if after is not before:
                kept.planned.put(session, after, over=before.version)
                kept.planned.add_units(session, _units(before.inspection_id, told["units"]))

        kept.commands.transact(work)

    def _listed(
        self,
        actor: dict[str, Any],
        query: type[ReadRegion],
        asked: dict[str, Any],
        page: Callable[..., list[Kept]],
        shown: Callable[[list[Kept]], list[dict[str, Any]]],
        key: str,
    ) -> dict[str, Any]:
        """A page of what the actor may see of a register: what ``query`` reads of ``asked`` selects, ``page`` (of a
        Register) finds, ``shown`` writes, and ``key`` goes on by. Raises InspectionsNotAllowed."""
        who = actor_of(actor)
        who.require(access.READ, access.WRITE)
        read = query.read(given(**asked))
        if (within := within_of(who.region, read.pop("region", None))) is None:
            return nothing()
        limit, seen = read.pop("limit"), concerning(sorted(who.targets(self._plan())), within)
        return paged(shown(page(seen, limit=limit + 1, **read)), limit, key)

    def _seen(self, kept: Inspections, inspection_id: str, who: Actor) -> Inspection:
        """Raises InspectionNotFound, InspectionsNotAllowed."""
        who.require(access.READ, access.WRITE)
        found = kept.planned.get(inspection_id)
        if not who.sees(self._plan(), target_id=found.target_id, region=found.region):
            raise inspection_not_found()
        return found

    def _shown(self, kept: Inspections, found: list[Inspection]) -> list[dict[str, Any]]:
        outcomes, unmended = kept.findings.outcomes([each.inspection_id for each in found])
        return [
            shown_inspection(
                each,
                self._plan(),
                outcomes=outcomes.get(each.inspection_id, Counter()),
                unmended=unmended[each.inspection_id],
            )
            for each in found
        ]


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
