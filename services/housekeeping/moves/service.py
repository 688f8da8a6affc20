"""Calls about moves of bases, proposed and decided, and of 福嫂: what is open or standing stays, each with a matter to
settle."""

import datetime as dt
from typing import Any

from pymongo.client_session import ClientSession

from contract import housekeeping as public
from runtime.hosting import rpc
from services.housekeeping import access
from services.housekeeping.access import Actor
from services.housekeeping.awards import domain as awards
from services.housekeeping.calls import Calls
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases.casework import Casework, casework
from services.housekeeping.evidence import evidence_of
from services.housekeeping.moves import proposals
from services.housekeeping.registry import domain as registry
from services.housekeeping.registry.answers import shown_base, shown_fusao
from services.housekeeping.registry.domain import Base


class MoveCalls(Calls):
    @rpc
    def move_base(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """MoveBase -> Base, of which the move is proposed. Refuses SubjectNotFound, SubjectInvalid, SubjectChanged,
        SubjectNotActive, BaseMoveNotAllowed, EvidenceMissing."""
        asked, who = public.MoveBase.read(command), Actor.of(actor)
        who.require(access.DECIDE)
        kept = casework(self.settings)
        _, at, _ = self._now()

        def work(session: ClientSession) -> str:
            before = kept.registry.base(asked["base_id"], session)
            registry.require_sight(who, before)
            registry.check_version(before, asked.get("expected_version"))
            registry.require_active(before)
            heir = asked.get("merged_into")
            if ("region" in asked) is (heir is not None) or heir == before.base_id:
                raise public.SubjectInvalid(
                    "须写明新区划或并入的基地，二者取一", "give a region, or the base it merged into"
                )
            region = registry.county(asked["region"]) if heir is None else _active(kept, session, heir).region
            after = proposals.propose(
                before,
                region=region,
                merged_into=heir,
                at=at,
                by=who,
                reason=asked["reason"],
                evidence=evidence_of(asked),
            )
            kept.registry.replace_base(session, before, after)
            return before.base_id

        return shown_base(kept.registry.base(kept.commands.once(who.client_id, asked, work)))

    @rpc
    def decide_base_move(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """DecideBaseMove -> Base. Of one that is confirmed, open cases and standing awards, and those of the 福嫂 whom
        it employs, stay where they are, each with a matter to settle. Refuses SubjectNotFound, SubjectChanged,
        SubjectNotActive, BaseMoveNotAllowed, NotYourOffice."""
        asked, who = public.DecideBaseMove.read(command), Actor.of(actor)
        who.require(access.DECIDE)
        decision = public.Confirmation(asked["decision"])
        kept = casework(self.settings)
        _, at, today = self._now()

        def work(session: ClientSession) -> str:
            before = kept.registry.base(asked["base_id"], session)
            registry.require_sight_of_base(who, before)
            registry.check_version(before, asked.get("expected_version"))
            after = proposals.decide(before, decision, at=at, by=who, reason=asked["reason"])
            if decision is public.Confirmation.CONFIRM and after.merged_into:
                kept.registry.lock(session, _active(kept, session, after.merged_into))
            kept.registry.replace_base(session, before, after)
            if decision is public.Confirmation.CONFIRM:
                _leave_behind(kept, session, before, after, today=today)
            return before.base_id

        return shown_base(kept.registry.base(kept.commands.once(who.client_id, asked, work)))

    @rpc
    def move_fusao(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """MoveFusao -> Fusao: another employer. Her open case and standing awards stay, with a matter to settle.
        Refuses SubjectNotFound, SubjectChanged, SubjectNotActive, EvidenceMissing."""
        asked, who = public.MoveFusao.read(command), Actor.of(actor)
        who.require(access.APPLY, access.DECIDE)
        kept = casework(self.settings)
        _, at, today = self._now()

        def work(session: ClientSession) -> str:
            before = kept.registry.fusao(asked["person_key"], session)
            registry.require_sight(who, before)
            registry.check_version(before, asked.get("expected_version"))
            proposals.require_evidence(evidence_of(asked))
            employer = kept.registry.base(asked["employer"], session)
            registry.require_active(employer)
            kept.registry.lock(session, employer)
            after = registry.changed(
                before,
                "moved",
                at=at,
                by=who.client_id,
                reason=asked["reason"],
                evidence=evidence_of(asked),
                employer=employer.base_id,
                region=employer.region,
                organisation=employer.organisation,
            )
            kept.registry.replace_fusao(session, before, after)
            detail = {"from": before.employer, "to": employer.base_id}
            _raise_matters(kept, session, [before.person_key], kind="moved", detail=detail, today=today, at=at)
            return before.person_key

        key = kept.commands.once(who.client_id, asked, work)
        return shown_fusao(kept.registry.fusao(key), kept.registry.held_by(key))


def _active(kept: Casework, session: ClientSession, base_id: str) -> Base:
    """Raises SubjectNotFound, SubjectNotActive."""
    found = kept.registry.base(base_id, session)
    registry.require_active(found)
    return found


def _leave_behind(kept: Casework, session: ClientSession, before: Base, after: Base, *, today: dt.date) -> None:
    """Whom it employs goes with it to another region; what all of them have open or standing does not."""
    done = after.history[-1]
    employed = kept.registry.employed_by(before.base_id, session)
    if done.what == "moved":
        for each in employed:
            moved = registry.changed(each, "moved", at=done.at, by=done.by, reason=done.reason, region=after.region)
            kept.registry.replace_fusao(session, each, moved)
    detail = {"base_id": before.base_id, "from": before.region, "to": after.merged_into or after.region}
    keys = [before.base_id, *(each.person_key for each in employed)]
    _raise_matters(kept, session, keys, kind=done.what, detail=detail, today=today, at=done.at)


def _raise_matters(
    kept: Casework,
    session: ClientSession,
    keys: list[str],
    *,
    kind: str,
    detail: dict[str, str],
    today: dt.date,
    at: dt.datetime,
) -> None:
    """Whatever these subjects have open or standing stays as it is, until somebody settles what the change means."""
    for case in kept.cases.open_of(keys, session):
        kept.cases.replace(session, case, cases.raise_matter(case, kind=kind, detail=detail, at=at))
    for award in kept.awards.standing_of(keys, session):
        raised = awards.raise_matter(award, kind=kind, detail=detail, today=today, at=at)
        kept.awards.replace(session, award, raised)
