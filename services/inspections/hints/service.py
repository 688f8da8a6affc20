"""Calls about hints (异常线索), and how they are heard of. What they are about is counted as before."""

from collections.abc import Callable
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from contract import fields, regions
from contract import hints as public
from contract.actor import is_client_id
from contract.errors import field_error
from contract.inspections import AnomalyKind, InspectionNotFound
from contract.message import Said
from contract.words import Role
from plan.organisations import OrganisationUnknown
from runtime import mongo
from runtime.hosting import rpc
from runtime.pages import ReadRegion, given, in_region, nothing, walked, within_of
from services.inspections.access import READ, WRITE, Actor
from services.inspections.calls import Calls
from services.inspections.hints import domain as hints
from services.inspections.hints.domain import Hint
from services.inspections.hints.store import hints as kept_hints
from services.inspections.hints.store import no_hint
from services.inspections.history import check_version

_READERS = (Role.INSPECTOR, Role.DISPATCHER)


class ReadHints(ReadRegion):
    kind = fields.Choice(AnomalyKind)
    state = fields.Choice(public.HintState)
    outcome = fields.Choice(public.HintOutcome)
    target_id = fields.Text(at_most=10)
    owner = fields.Text(at_most=100)


class HintCalls(Calls):
    def hear_anomaly(self, said: Said) -> None:
        """One case for each ``anomaly_key``, however often it is told."""
        rows = kept_hints(self.settings)
        if rows.known(said.data["anomaly_key"]):
            return
        _, at, _ = self._now()
        hint = hints.open_case(hint_id=mongo.new_id(), told=said.data, service=said.service, at=at)
        try:
            mongo.transact(rows.store, lambda session: rows.put(session, hint))
        except DuplicateKeyError:
            return  # told twice at once

    @rpc
    def assign_hint(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """AssignHint -> Hint. Refuses HintNotFound, HintInvalid, HintConcludedAlready, HintChanged, HintsNotAllowed,
        CommandReused."""
        asked, who = public.AssignHint.read(command), _inspector(actor)
        _, at, _ = self._now()

        def step(before: Hint) -> Hint:
            return hints.assign(before, owner=self._owner(asked["owner"], before.region), at=at, who=who)

        return self._change_hint(asked, who, "assign", step)

    @rpc
    def conclude_hint(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ConcludeHint -> Hint. Refuses HintNotFound, HintNotAssigned, HintNotYours, HintConcludedAlready,
        InspectionUnknown, HintChanged, HintsNotAllowed, CommandReused."""
        asked, who = public.ConcludeHint.read(command), _inspector(actor)
        _, at, _ = self._now()

        def step(before: Hint) -> Hint:
            if "inspection_id" in asked:
                self._check_inspection(asked["inspection_id"], before)
            return hints.conclude(
                before,
                outcome=public.HintOutcome(asked["outcome"]),
                text=asked["text"],
                inspection_id=asked.get("inspection_id"),
                at=at,
                who=who,
            )

        return self._change_hint(asked, who, "conclude", step)

    @rpc
    def hint(self, hint_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Hint. Refuses HintNotFound, HintsNotAllowed."""
        return self._hint(hint_id, _reader(actor))

    @rpc
    def hints(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadHints -> ``{"items": [Hint], "next": cursor or None}`` of the actor's region, the oldest first. Refuses
        HintsNotAllowed, RegionUnknown, RegionAmbiguous."""
        who, read = _reader(actor), ReadHints.read(given(**asked))
        if (within := within_of(who.region, read.pop("region", None))) is None:
            return nothing()
        limit = read.pop("limit")
        found = kept_hints(self.settings).page(in_region(within), limit=limit, **read)
        return walked(found, [_shown(each) for each in found])

    def _change_hint(
        self, asked: dict[str, Any], who: Actor, action: str, step: Callable[[Hint], Hint]
    ) -> dict[str, Any]:
        kept, _, _ = self._now()
        rows = kept_hints(self.settings)

        def work(session: ClientSession) -> str:
            before = _seen(rows.get(asked["hint_id"], session), who)
            check_version(before, asked.get("expected_version"), public.HintChanged)
            rows.put(session, step(before), over=before.version)
            return before.hint_id

        return self._hint(kept.commands.once(who.client_id, asked, work, action=f"{action}_hint"), who)

    def _owner(self, said: str, region: str) -> str:
        """An account, or an organisation that inspects there. Raises HintInvalid."""
        if is_client_id(said):
            return said
        try:
            return self._plan().organisations.named(said, region=region, role=Role.INSPECTOR)
        except OrganisationUnknown as error:
            raise public.HintInvalid(
                "内容有误，请按所列字段更正",
                "correct the listed fields and send it again",
                [field_error("/owner", "organisation_unknown", error.zh, error.en)],
            ) from None

    def _check_inspection(self, inspection_id: str, hint: Hint) -> None:
        """Raises InspectionUnknown unless it is one of the hint's indicator."""
        kept, _, _ = self._now()
        try:
            target_id = kept.get(inspection_id).target_id
        except InspectionNotFound:
            target_id = None
        if target_id != hint.target_id:
            zh, en = f"没有指标{hint.target_id}的这次督导检查", "is no inspection of the hint's indicator"
            raise public.InspectionUnknown(
                "督导检查编号有误，请核对",
                "inspection_id is wrong: check it",
                [field_error("/inspection_id", "inspection_unknown", zh, en)],
            )

    def _hint(self, hint_id: str, who: Actor) -> dict[str, Any]:
        return _shown(_seen(kept_hints(self.settings).get(hint_id), who))


def _seen(hint: Hint, who: Actor) -> Hint:
    if not regions.within(hint.region, who.region):
        raise no_hint()
    return hint


def _shown(hint: Hint) -> dict[str, Any]:
    told = {name: getattr(hint, name) for name in public.Hint().fields if name != "region_name"}
    return public.Hint.write(**told, region_name=regions.get(hint.region).full_name)


def _reader(actor: dict[str, Any]) -> Actor:
    """Raises HintsNotAllowed: whoever reports does not learn what looks odd about it."""
    who = Actor.of(actor)
    if who.role not in _READERS or not who.scopes & {READ, WRITE}:
        raise _not_allowed()
    return who


def _inspector(actor: dict[str, Any]) -> Actor:
    """Raises HintsNotAllowed."""
    who = Actor.of(actor)
    if who.role is not Role.INSPECTOR or WRITE not in who.scopes:
        raise _not_allowed()
    return who


def _not_allowed() -> public.HintsNotAllowed:
    return public.HintsNotAllowed(
        "异常线索由督导人员办理，牵头部门可查阅",
        "hints are worked on by inspectors; the dispatcher may read them",
    )
