"""Calls about problems (问题台账)."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from pymongo.client_session import ClientSession

from contract import fields, regions
from contract import matters as public
from runtime import mongo
from runtime.hosting import rpc
from runtime.pages import ReadRegion, given, in_region, walked
from services.inspections import about
from services.inspections.about import asked_about, never_handed_in, reader_of, writer_of
from services.inspections.access import Actor
from services.inspections.calls import Calls
from services.inspections.history import check_version
from services.inspections.matters import domain as matters
from services.inspections.matters.domain import Matter
from services.inspections.matters.store import matters as kept_matters
from services.inspections.matters.store import no_matter
from services.inspections.register import either, sight


class ReadMatters(ReadRegion):
    item = fields.Whole(at_least=1, at_most=999)
    target_id = fields.Text(at_most=10)
    kind = fields.Choice(public.MatterKind)
    state = fields.Choice(public.MatterState)
    owner = fields.Text(at_most=100)
    overdue = fields.Yes()


class ReadCounts(ReadRegion):
    item = fields.Whole(at_least=1, at_most=999)


class MatterCalls(Calls):
    @rpc
    def register_matter(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RegisterMatter -> MatterRecord. Refuses MatterInvalid, MattersNotAllowed, CommandReused."""
        asked, who = public.RegisterMatter.read(command), writer_of(actor)
        rows, (kept, at, today) = kept_matters(self.settings), self._now()
        of = asked_about(self._plan(), asked, who)
        matter = matters.register(
            matter_id=mongo.new_id(),
            about=of,
            kind=public.MatterKind(asked["kind"]),
            title=asked["title"],
            text=asked["text"],
            owner=about.named(self._plan(), asked["owner"], at="/owner", region=of.region),
            due_on=asked["due_on"],
            today=today,
            at=at,
            who=who,
        )

        def work(session: ClientSession) -> str:
            rows.step(session, matter)
            return matter.matter_id

        return self._matter(kept.commands.once(who.client_id, asked, work, action="register_matter"), who)

    @rpc
    def update_matter(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """UpdateMatter -> MatterRecord. Refuses MatterNotFound, MatterSettledAlready, MatterChanged, MattersNotAllowed,
        CommandReused."""
        asked, who = public.UpdateMatter.read(command), writer_of(actor)
        _, at, _ = self._now()
        return self._change_matter(
            asked, who, "update", lambda m: matters.update(m, text=asked["text"], at=at, who=who)
        )

    @rpc
    def ask_settlement(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """AskSettlement -> MatterRecord. Refuses MatterNotFound, MatterInvalid, MatterSettledAlready,
        SettlementAskedAlready, MatterChanged, MattersNotAllowed, CommandReused."""
        asked, who = public.AskSettlement.read(command), writer_of(actor)
        _, at, _ = self._now()
        evidence = self._proofs(asked, never_handed_in)
        return self._change_matter(
            asked,
            who,
            "ask_settlement",
            lambda m: matters.ask_settlement(m, text=asked["text"], evidence=evidence, at=at, who=who),
        )

    @rpc
    def settle_matter(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """SettleMatter -> MatterRecord. Refuses MatterNotFound, MatterSettledAlready, SettlementNotAsked,
        OwnSettlement, MatterChanged, MattersNotAllowed, CommandReused."""
        asked, who = public.SettleMatter.read(command), writer_of(actor)
        _, at, today = self._now()
        return self._change_matter(
            asked, who, "settle", lambda m: matters.settle(m, text=asked["text"], today=today, at=at, who=who)
        )

    @rpc
    def return_matter(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ReturnMatter -> MatterRecord. Refuses as settle_matter."""
        asked, who = public.ReturnMatter.read(command), writer_of(actor)
        _, at, _ = self._now()
        return self._change_matter(
            asked, who, "return", lambda m: matters.give_back(m, reason=asked["reason"], at=at, who=who)
        )

    @rpc
    def reopen_matter(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ReopenMatter -> MatterRecord. Refuses MatterNotFound, MatterNotSettled, MatterInvalid, MatterChanged,
        MattersNotAllowed, CommandReused."""
        asked, who = public.ReopenMatter.read(command), writer_of(actor)
        _, at, today = self._now()
        return self._change_matter(
            asked,
            who,
            "reopen",
            lambda m: matters.reopen(
                m, reason=asked["reason"], due_on=asked.get("due_on"), today=today, at=at, who=who
            ),
        )

    @rpc
    def matter(self, matter_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> MatterRecord. Refuses MatterNotFound, MattersNotAllowed."""
        return self._matter(matter_id, reader_of(actor))

    @rpc
    def matters(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadMatters -> ``{"items": [MatterRecord], "next": cursor or None}`` of what the actor sees, the oldest
        first. Refuses MattersNotAllowed, RegionUnknown, RegionAmbiguous."""
        who, read = reader_of(actor), ReadMatters.read(given(**asked))
        rows, (_, _, today) = kept_matters(self.settings), self._now()
        limit, within = read.pop("limit"), in_region(read.pop("region", regions.PROVINCE))
        overdue = either(read.pop("overdue", None), rows.late(today))
        found = rows.page(sight(who, self._plan(), "owner"), within, overdue, limit=limit, **read)
        return walked(found, [self._shown_matter(each, today) for each in found])

    @rpc
    def matter_counts(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """``{"items": [MatterCount]}`` by item and region, of what the actor sees. Refuses MattersNotAllowed,
        RegionUnknown, RegionAmbiguous."""
        who, read = reader_of(actor), ReadCounts.read(given(**asked))
        _, _, today = self._now()
        counts = kept_matters(self.settings).counts(
            sight(who, self._plan(), "owner"),
            within=regions.get(read.get("region", regions.PROVINCE)).code,
            item=read.get("item"),
            today=today,
        )
        named = [{**each, "region_name": regions.get(each["region"]).full_name} for each in counts]
        return {"items": [public.MatterCount.write(**each) for each in named]}

    @rpc
    def matter_file(self, matter_id: str, file_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"sha256"}`` of a document that proves it. Refuses MatterNotFound, MattersNotAllowed."""
        matter = self._seen_matter(kept_matters(self.settings).get(matter_id), reader_of(actor))
        found = [proof for proof in matter.evidence if proof.file_id == file_id]
        if not found:
            raise no_matter()
        return {"sha256": found[0].sha256}

    def _change_matter(
        self, asked: dict[str, Any], who: Actor, action: str, step: Callable[[Matter], Matter]
    ) -> dict[str, Any]:
        kept, _, _ = self._now()
        rows = kept_matters(self.settings)

        def work(session: ClientSession) -> str:
            before = self._seen_matter(rows.get(asked["matter_id"], session), who)
            check_version(before, asked.get("expected_version"), public.MatterChanged)
            rows.step(session, step(before), over=before.version)
            return before.matter_id

        return self._matter(kept.commands.once(who.client_id, asked, work, action=f"{action}_matter"), who)

    def _seen_matter(self, matter: Matter, who: Actor) -> Matter:
        if not about.sees(who, self._plan(), matter, matter.owner, matter.organisation):
            raise no_matter()
        return matter

    def _matter(self, matter_id: str, who: Actor) -> dict[str, Any]:
        _, _, today = self._now()
        return self._shown_matter(self._seen_matter(kept_matters(self.settings).get(matter_id), who), today)

    def _shown_matter(self, matter: Matter, today: dt.date) -> dict[str, Any]:
        told = {name: getattr(matter, name) for name in _SHOWN}
        return public.MatterRecord.write(
            **told,
            item_name=about.item_name(self._plan(), matter.item),
            region_name=regions.get(matter.region).full_name,
            overdue=matter.overdue(today),
        )


_SHOWN = tuple(name for name in public.MatterRecord().fields if name not in ("item_name", "region_name", "overdue"))
