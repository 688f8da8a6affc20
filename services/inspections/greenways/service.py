"""Calls about 绿色通道 requests."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from pymongo.client_session import ClientSession

from contract import fields, regions
from contract import greenways as public
from runtime import mongo
from runtime.hosting import rpc
from runtime.pages import ReadRegion, given, in_region, walked
from services.inspections import about
from services.inspections.about import asked_about, never_handed_in, reader_of, writer_of
from services.inspections.access import Actor
from services.inspections.calls import Calls
from services.inspections.greenways import domain as greenways
from services.inspections.greenways.domain import CALENDAR, Greenway
from services.inspections.greenways.store import greenways as kept_greenways
from services.inspections.greenways.store import no_greenway
from services.inspections.history import check_version
from services.inspections.register import either, sight


class ReadGreenways(ReadRegion):
    item = fields.Whole(at_least=1, at_most=999)
    target_id = fields.Text(at_most=10)
    step = fields.Choice(public.GreenwayStep)
    state = fields.Choice(public.GreenwayState)
    addressed_to = fields.Text(at_most=100)
    overdue = fields.Yes()


class GreenwayCalls(Calls):
    @rpc
    def request_greenway(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RequestGreenway -> Greenway. Refuses MatterInvalid, MattersNotAllowed, CommandReused."""
        asked, who = public.RequestGreenway.read(command), writer_of(actor)
        rows, (kept, at, today) = kept_greenways(self.settings), self._now()
        of = asked_about(self._plan(), asked, who)
        greenway = greenways.request(
            greenway_id=mongo.new_id(),
            about=of,
            step=public.GreenwayStep(asked["step"]),
            addressed_to=about.named(self._plan(), asked["addressed_to"], at="/addressed_to", region=of.region),
            subject=asked["subject"],
            text=asked["text"],
            days=greenways.working_days(),
            calendar=CALENDAR,
            today=today,
            at=at,
            who=who,
        )

        def work(session: ClientSession) -> str:
            rows.step(session, greenway)
            return greenway.greenway_id

        return self._greenway(kept.commands.once(who.client_id, asked, work, action="request_greenway"), who)

    @rpc
    def answer_greenway(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """AnswerGreenway -> Greenway. Refuses GreenwayNotFound, GreenwayAnsweredAlready, GreenwayNotWaiting,
        GreenwayNotYours, GreenwayChanged, MattersNotAllowed, CommandReused."""
        asked, who = public.AnswerGreenway.read(command), writer_of(actor)
        _, at, today = self._now()
        return self._change_greenway(
            asked,
            who,
            "answer_greenway",
            lambda before: greenways.answer(
                before,
                answer=public.GreenwayAnswer(asked["answer"]),
                reason=asked["reason"],
                calendar=CALENDAR,
                today=today,
                at=at,
                who=who,
            ),
        )

    @rpc
    def supply_greenway(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """SupplyGreenway -> Greenway. Refuses GreenwayNotFound, GreenwayAnsweredAlready, GreenwayNotWaiting,
        GreenwayNotYours, GreenwayChanged, MatterInvalid, MattersNotAllowed, CommandReused."""
        asked, who = public.SupplyGreenway.read(command), writer_of(actor)
        _, at, today = self._now()
        evidence = self._proofs(asked, never_handed_in)
        return self._change_greenway(
            asked,
            who,
            "supply_greenway",
            lambda before: greenways.supply(
                before, text=asked["text"], evidence=evidence, calendar=CALENDAR, today=today, at=at, who=who
            ),
        )

    @rpc
    def greenway(self, greenway_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Greenway. Refuses GreenwayNotFound, MattersNotAllowed."""
        return self._greenway(greenway_id, reader_of(actor))

    @rpc
    def greenways(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadGreenways -> ``{"items": [Greenway], "next": cursor or None}`` of what the actor sees, the oldest
        first. Refuses MattersNotAllowed, RegionUnknown, RegionAmbiguous."""
        who, read = reader_of(actor), ReadGreenways.read(given(**asked))
        rows, (_, _, today) = kept_greenways(self.settings), self._now()
        limit, within = read.pop("limit"), in_region(read.pop("region", regions.PROVINCE))
        overdue = either(read.pop("overdue", None), rows.late(today))
        found = rows.page(sight(who, self._plan(), "addressed_to"), within, overdue, limit=limit, **read)
        return walked(found, [self._shown_greenway(each, today) for each in found])

    @rpc
    def greenway_file(self, greenway_id: str, file_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"sha256"}`` of a document that was supplied. Refuses GreenwayNotFound, MattersNotAllowed."""
        greenway = self._seen_greenway(kept_greenways(self.settings).get(greenway_id), reader_of(actor))
        found = [proof for proof in greenway.evidence if proof.file_id == file_id]
        if not found:
            raise no_greenway()
        return {"sha256": found[0].sha256}

    def _change_greenway(
        self, asked: dict[str, Any], who: Actor, action: str, step: Callable[[Greenway], Greenway]
    ) -> dict[str, Any]:
        kept, _, _ = self._now()
        rows = kept_greenways(self.settings)

        def work(session: ClientSession) -> str:
            before = self._seen_greenway(rows.get(asked["greenway_id"], session), who)
            check_version(before, asked.get("expected_version"), public.GreenwayChanged)
            rows.step(session, step(before), over=before.version)
            return before.greenway_id

        return self._greenway(kept.commands.once(who.client_id, asked, work, action=action), who)

    def _seen_greenway(self, greenway: Greenway, who: Actor) -> Greenway:
        if not about.sees(who, self._plan(), greenway, greenway.addressed_to, greenway.organisation):
            raise no_greenway()
        return greenway

    def _greenway(self, greenway_id: str, who: Actor) -> dict[str, Any]:
        _, _, today = self._now()
        return self._shown_greenway(self._seen_greenway(kept_greenways(self.settings).get(greenway_id), who), today)

    def _shown_greenway(self, greenway: Greenway, today: dt.date) -> dict[str, Any]:
        told = {name: getattr(greenway, name) for name in _SHOWN}
        return public.Greenway.write(
            **told,
            item_name=about.item_name(self._plan(), greenway.item),
            region_name=regions.get(greenway.region).full_name,
            due_on=greenway.window and greenway.window.ends_on,
            overdue=greenway.overdue(today),
        )


_RECKONED = ("item_name", "region_name", "due_on", "overdue")
_SHOWN = tuple(name for name in public.Greenway().fields if name not in _RECKONED)
