"""The calls by which a drafted bulletin is revised, reviewed, signed and discarded, each by the one who may. ``actor``
is contract.actor.Actor."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pymongo.client_session import ClientSession

from contract import bulletins as public
from contract import regions
from contract.actor import Actor
from contract.errors import Refused
from contract.words import Role
from runtime.hosting import Settings, rpc
from services.targets.bulletins import steps
from services.targets.bulletins.domain import Options
from services.targets.bulletins.steps import Bulletin
from services.targets.bulletins.store import Bulletins, bulletins_of
from services.targets.store import timepiece

WRITE = "bulletins:write"

_SUMMARY = (
    *("bulletin_id", "version", "state", "percent", "failure", "year", "number", "code", "title", "snapshot_id"),
    *("round_id", "period", "as_of", "corrects", "reason", "asked_at", "issued_on", "digest"),
)
_PERSONS = ("asked_by", "reviewed_by", "issued_by")


class ApprovalCalls:
    settings: Settings

    @rpc(expected_exceptions=Refused)
    def revise_bulletin(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ReviseBulletin -> Bulletin, to be composed again. Refuses BulletinNotFound, BulletinInvalid,
        BulletinNotReady, BulletinStepNotOpen, BulletinChanged, BulletinsNotAllowed, CommandReused."""
        asked, who = public.ReviseBulletin.read(command), dispatcher(actor)
        at = timepiece.now(self.settings)
        options = options_of(asked) if "options" in asked else None
        return self._step(
            asked,
            who,
            "revise_bulletin",
            lambda before: steps.revise(
                before,
                title=asked.get("title"),
                options=options,
                reason=asked.get("reason"),
                at=at,
                by=who.client_id,
            ),
        )

    @rpc(expected_exceptions=Refused)
    def review_bulletin(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ReviewBulletin -> Bulletin. Refuses BulletinNotFound, BulletinInvalid, BulletinNotReady, BulletinStepNotOpen,
        BulletinChanged, BulletinNeedsAnother, BulletinsNotAllowed, CommandReused."""
        asked, who = public.ReviewBulletin.read(command), dispatcher(actor)
        at, decision, remarks = timepiece.now(self.settings), asked["decision"], asked.get("remarks")
        return self._step(
            asked,
            who,
            "review_bulletin",
            lambda before: steps.review(before, decision=decision, remarks=remarks, at=at, by=who.client_id),
        )

    @rpc(expected_exceptions=Refused)
    def issue_bulletin(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """IssueBulletin -> Bulletin, whose documents are to be made. Refuses BulletinNotFound, BulletinNotReady,
        BulletinStepNotOpen, BulletinChanged, BulletinNeedsAnother, BulletinsNotAllowed, CommandReused."""
        asked, who = public.IssueBulletin.read(command), dispatcher(actor)
        at = timepiece.now(self.settings)
        return self._step(asked, who, "issue_bulletin", lambda before: steps.issue(before, at=at, by=who.client_id))

    @rpc(expected_exceptions=Refused)
    def discard_bulletin(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """DiscardBulletin -> Bulletin. Refuses BulletinNotFound, BulletinNotReady, BulletinStepNotOpen,
        BulletinChanged, BulletinsNotAllowed, CommandReused."""
        asked, who = public.DiscardBulletin.read(command), dispatcher(actor)
        at = timepiece.now(self.settings)
        return self._step(
            asked,
            who,
            "discard_bulletin",
            lambda before: steps.discard(before, reason=asked["reason"], at=at, by=who.client_id),
        )

    def _step(
        self, asked: dict[str, Any], who: Actor, action: str, take: Callable[[Bulletin], Bulletin]
    ) -> dict[str, Any]:
        kept = self._bulletins()

        def work(session: ClientSession) -> str:
            before = self._bulletin(asked["bulletin_id"], session)
            steps.check_version(before, asked.get("expected_version"))
            kept.put(session, before, take(before))
            return before.bulletin_id

        return self._shown(kept.commands.once(who.client_id, asked, work, action=action))

    def _shown(self, bulletin_id: str) -> dict[str, Any]:
        return shown(self._bulletin(bulletin_id), self._bulletins().content(bulletin_id), inside=True)

    def _bulletin(self, bulletin_id: str, session: ClientSession | None = None) -> Bulletin:
        """Raises BulletinNotFound."""
        found = self._bulletins().get(bulletin_id, session)
        if found is None:
            raise not_found()
        return found

    def _bulletins(self) -> Bulletins:
        return bulletins_of(self.settings)


def shown(bulletin: Bulletin, content: dict[str, Any] | None, *, inside: bool) -> dict[str, Any]:
    """contract.bulletins.Bulletin. ``inside``: to those who draft bulletins."""
    taken = [vars(step) for step in bulletin.steps] if inside else []
    return public.Bulletin.write(**summary(bulletin, inside=inside), content=content, steps=taken)


def summary(bulletin: Bulletin, *, inside: bool) -> dict[str, Any]:
    """contract.bulletins.BulletinSummary."""
    told = {name: getattr(bulletin, name) for name in _SUMMARY}
    told |= {name: getattr(bulletin, name) if inside else None for name in _PERSONS}
    files = {"document": bulletin.document, "workbook": bulletin.workbook}
    told["files"] = {
        name: {"sha256": file.sha256, "size": file.size} for name, file in files.items() if file is not None
    } or None
    return told


def options_of(asked: dict[str, Any]) -> Options:
    options = dict(asked.get("options") or {})
    if "ceiling" in options:
        options["ceiling"] = Decimal(options["ceiling"])
    return Options(**options)


def drafts(who: Actor) -> bool:
    """Whether they draft bulletins, and see those that are not issued."""
    return WRITE in who.scopes and who.role == Role.DISPATCHER and who.region == regions.PROVINCE


def dispatcher(actor: dict[str, Any]) -> Actor:
    """Raises BulletinsNotAllowed."""
    who = Actor.of(actor)
    if not drafts(who):
        raise not_allowed()
    return who


def not_found() -> public.BulletinNotFound:
    return public.BulletinNotFound("没有这份通报", "there is no such bulletin")


def not_allowed() -> public.BulletinsNotAllowed:
    return public.BulletinsNotAllowed("通报由省发展改革委印发", "bulletins are the province's dispatcher's to issue")
