"""What targets is asked about snapshots and bulletins (通报). The province's dispatchers draft them (approval.py has
what follows), the desk makes them, and whoever may read targets reads what was issued. ``actor`` is
contract.actor.Actor."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from pymongo.client_session import ClientSession

from contract import bulletins as public
from contract import fields, sight
from contract.actor import Actor
from contract.bulletins import BulletinState
from contract.errors import Refused, field_error
from contract.message import Message
from runtime import mongo
from runtime.hosting import rpc
from runtime.record import of
from services.targets.bulletins.approval import (
    ApprovalCalls,
    dispatcher,
    drafts,
    not_allowed,
    not_found,
    options_of,
    shown,
    summary,
)
from services.targets.bulletins.composing import title_of
from services.targets.bulletins.items import Items
from services.targets.bulletins.steps import Bulletin, drafted, not_ready
from services.targets.bulletins.store import bulletins_of
from services.targets.mends import Mends
from services.targets.snapshots.domain import Moved, Snapshot, sources_of
from services.targets.snapshots.store import Snapshots, snapshots_of
from services.targets.store import Counts, timepiece

READ, WRITE = "targets:read", "bulletins:write"

_SNAPSHOT = (
    *("snapshot_id", "round_id", "year", "number", "period", "as_of", "known_at", "locked_at", "digest", "rows"),
)


class ReadPage(Message):
    after = fields.Id()
    limit = fields.Whole(at_least=1, at_most=500, load_default=50)


class ReadEntries(Message):
    """``after``: as many were seen."""

    after = fields.Whole()
    limit = fields.Whole(at_least=1, at_most=1000)


class BulletinCalls(ApprovalCalls):
    @rpc(expected_exceptions=Refused)
    def draft_bulletin(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """DraftBulletin -> Bulletin, to be composed. Refuses BulletinInvalid, SnapshotNotFound, SnapshotNotLocked,
        BulletinNotFound, BulletinNotReady, NothingMoved, BulletinAlreadyThere, BulletinsNotAllowed, CommandReused."""
        asked, who = public.DraftBulletin.read(command), dispatcher(actor)
        _refuse_unclear(asked)
        at, kept = timepiece.now(self.settings), bulletins_of(self.settings)

        def work(session: ClientSession) -> str:
            wanted = self._correcting(asked, who, at) if "corrects" in asked else self._of(asked, who, at)
            there = kept.there(wanted, session)
            if there is not None:
                raise public.BulletinAlreadyThere(
                    "该期已有通报，或其更正正在办理：印发后只能更正，草稿可修改或废弃",
                    "there is a bulletin of this round, or a correction of it under way: correct what was issued, "
                    "revise or discard what is a draft",
                    facts={"bulletin_id": there.bulletin_id},
                )
            kept.add(session, wanted)
            return wanted.bulletin_id

        return self._shown(kept.commands.once(who.client_id, _flat(asked), work, action="draft_bulletin"))

    @rpc(expected_exceptions=Refused)
    def bulletin(self, bulletin_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Bulletin. Refuses BulletinNotFound, also of a draft that the actor may not see, BulletinsNotAllowed."""
        who = _reader(actor)
        found = self._readable(bulletin_id, who)
        return shown(found, self._bulletins().content(bulletin_id), inside=drafts(who))

    @rpc(expected_exceptions=Refused)
    def bulletins(self, actor: dict[str, Any], after: str | None = None, limit: int = 50) -> dict[str, Any]:
        """``{"items": [BulletinSummary], "next": cursor or None}``, the newest first. Refuses BulletinsNotAllowed."""
        inside = drafts(_reader(actor))
        asked = ReadPage.read({"limit": limit} | ({} if after is None else {"after": after}))
        found = self._bulletins().page(after=asked.get("after"), limit=asked["limit"] + 1, issued=not inside)
        items = [public.BulletinSummary.write(**summary(one, inside=inside)) for one in found[: asked["limit"]]]
        return {"items": items, "next": items[-1]["bulletin_id"] if len(found) > len(items) else None}

    @rpc(expected_exceptions=Refused)
    def bulletin_entries(
        self, bulletin_id: str, actor: dict[str, Any], after: int | None = None, limit: int = 100
    ) -> dict[str, Any]:
        """``{"items": [CorrectedEntry], "next": number or None}`` of a correction, in its order; of another bulletin
        none. Refuses BulletinNotFound, BulletinNotReady, BulletinsNotAllowed."""
        who = _reader(actor)
        asked = ReadEntries.read({"limit": limit} | ({} if after is None else {"after": after}))
        found = self._readable(bulletin_id, who)
        if found.document is None:
            raise not_ready(found)
        before = asked.get("after", 0)
        rows = islice(self._entries(found, before), asked["limit"] + 1)
        items = [public.CorrectedEntry.write(**vars(entry) | {"value": str(entry.value)}) for entry in rows]
        more = len(items) > asked["limit"]
        return {"items": items[: asked["limit"]], "next": before + asked["limit"] if more else None}

    def _entries(self, bulletin: Bulletin, after: int) -> Iterator[Moved]:
        if bulletin.items_id is not None:
            return Items(self._bulletins().store).read(bulletin.items_id, after=after)
        told = (self._bulletins().content(bulletin.bulletin_id) or {}).get("correction", {})  # of before 0.3
        return (of(Moved, entry) for entry in told.get("entries", [])[after:])

    @rpc(expected_exceptions=Refused)
    def bulletin_file(self, bulletin_id: str, name: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"file_id", "size", "sha256"}`` of its ``document`` or ``workbook``; of a draft they are marked as such.
        Refuses BulletinNotFound, BulletinNotReady, BulletinsNotAllowed."""
        found = self._readable(bulletin_id, _reader(actor))
        file = {"document": found.document, "workbook": found.workbook}[name]
        if file is None:
            raise not_ready(found)
        return dict(vars(file))

    @rpc(expected_exceptions=Refused)
    def snapshot(self, snapshot_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Snapshot, counted again from its entries. Refuses SnapshotNotFound, BulletinsNotAllowed."""
        _reader(actor)
        kept = self._snapshots()
        found = _there(kept.get(snapshot_id))
        return public.Snapshot.write(
            **{name: getattr(found, name) for name in _SNAPSHOT},
            sources=[{"service": service, "seq": seq} for service, seq in found.sources.items()],
            verified=kept.verified(found),
        )

    def _of(self, asked: dict[str, Any], who: Actor, at: dt.datetime) -> Bulletin:
        if "round_id" in asked:
            snapshot = self._snapshots().of_round(asked["round_id"])
            if snapshot is None:
                raise public.SnapshotNotLocked(
                    "该期调度没有锁定的数据：尚未关闭，或刚刚关闭、仍在计数，请稍后再试",
                    "this round has no snapshot: it is open, or was closed a moment ago and is still being counted",
                )
        else:
            snapshot = _there(self._snapshots().get(asked["snapshot_id"]))
        return _asked(snapshot, asked, who, at, title=asked.get("title") or title_of(snapshot, None))

    def _correcting(self, asked: dict[str, Any], who: Actor, at: dt.datetime) -> Bulletin:
        before = self._bulletin(asked["corrects"])
        if before.state is not BulletinState.DONE:
            raise not_ready(before)
        if before.corrects is not None:
            zh = f"这是更正通报，请对原通报（{before.corrects}）再作更正"
            en = f"this is a correction itself: correct the one that it corrects, {before.corrects}"
            raise _invalid(field_error("/corrects", "is_correction", zh, en))
        kept = self._snapshots()
        snapshot = _there(kept.get(before.snapshot_id))
        known = sources_of(Counts(kept.store).heard_up_to(), mended=Mends(kept.store).upto())
        if not kept.has_moved(snapshot, upto=known):
            raise public.NothingMoved(
                "原通报所依据的数据此后没有变动，无需更正", "nothing of what it says has changed since"
            )
        title = asked.get("title") or title_of(snapshot, before.bulletin_id)
        return _asked(snapshot, asked, who, at, title=title, corrects=before.bulletin_id, known=known)

    def _readable(self, bulletin_id: str, who: Actor) -> Bulletin:
        """Raises BulletinNotFound."""
        found = self._bulletin(bulletin_id)
        if found.state is not BulletinState.DONE and not drafts(who):
            raise not_found()
        return found

    def _snapshots(self) -> Snapshots:
        return snapshots_of(self.settings)


def _asked(
    snapshot: Snapshot, asked: dict[str, Any], who: Actor, at: dt.datetime, *, title: str, **more: Any
) -> Bulletin:
    made = Bulletin(
        bulletin_id=mongo.new_id(),
        state=BulletinState.QUEUED,
        percent=0,
        year=snapshot.year,
        title=title,
        snapshot_id=snapshot.snapshot_id,
        round_id=snapshot.round_id,
        period=snapshot.period,
        as_of=snapshot.as_of,
        options=options_of(asked),
        asked_by=who.client_id,
        asked_at=at,
        reason=asked.get("reason"),
        **more,
    )
    return drafted(replace(made, standing=made.corrects or made.round_id), at=at, by=who.client_id)


def _refuse_unclear(asked: dict[str, Any]) -> None:
    """Raises BulletinInvalid unless it is said what to make it from, once."""
    named = [name for name in ("round_id", "snapshot_id", "corrects") if name in asked]
    faults = []
    if len(named) != 1:
        zh = "请填写 round_id、snapshot_id、corrects 三者之一"
        en = "say one of round_id, snapshot_id and corrects"
        faults.append(field_error(f"/{named[1] if named else 'round_id'}", "one_of", zh, en))
    if "corrects" in named and "reason" not in asked:
        faults.append(field_error("/reason", "missing", "更正须说明原因", "say why it is corrected"))
    if "corrects" not in named and "reason" in asked:
        faults.append(field_error("/reason", "unknown", "只有更正才填写原因", "only a correction has a reason"))
    if faults:
        raise _invalid(*faults)


def _invalid(*faults: dict[str, str]) -> public.BulletinInvalid:
    return public.BulletinInvalid(
        "通报要求有误，请按所列字段更正", "correct the listed fields and send it again", list(faults)
    )


def _flat(asked: dict[str, Any]) -> dict[str, Any]:
    """Options in one order, so that the same told again is the same."""
    return asked | ({"options": sorted(asked["options"].items())} if "options" in asked else {})


def _there(snapshot: Snapshot | None) -> Snapshot:
    if snapshot is None:
        raise public.SnapshotNotFound("没有这份锁定数据", "there is no such snapshot")
    return snapshot


def _reader(actor: dict[str, Any]) -> Actor:
    who = Actor.of(actor)
    if not who.has(READ, WRITE) or not sight.bulletins(who):
        raise not_allowed()
    return who
