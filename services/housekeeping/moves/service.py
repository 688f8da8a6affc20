"""Calls about moves of bases and 福嫂: what is open or standing stays, each with a matter to settle."""

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
from services.housekeeping.registry import domain as registry
from services.housekeeping.registry.answers import shown_base, shown_fusao


class MoveCalls(Calls):
    @rpc
    def move_base(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """MoveBase -> Base. Its open cases and standing awards, and those of the 福嫂 whom it employs, stay where they
        are, each with a matter to settle. Refuses SubjectNotFound, SubjectInvalid, SubjectChanged, SubjectNotActive."""
        asked, who = public.MoveBase.read(command), Actor.of(actor)
        who.require(access.DECIDE)
        kept = casework(self.settings)
        _, at, today = self._now()

        def work(session: ClientSession) -> str:
            before = kept.registry.base(asked["base_id"], session)
            registry.require_sight(who, before)
            registry.check_version(before, asked.get("expected_version"))
            registry.require_active(before)
            changes: dict[str, Any] = {}
            if "region" in asked:
                changes["region"] = registry.county(asked["region"])
            if "merged_into" in asked:
                heir = kept.registry.base(asked["merged_into"], session)
                registry.require_active(heir)
                kept.registry.lock(session, heir)
                changes |= {"merged_into": asked["merged_into"], "status": public.SubjectStatus.MERGED}
            if len({*changes} & {"region", "merged_into"}) != 1 or asked.get("merged_into") == before.base_id:
                raise public.SubjectInvalid(
                    "须写明新区划或并入的基地，二者取一", "give a region, or the base it merged into"
                )
            what = "merged" if "merged_into" in asked else "moved"
            after = registry.changed(before, what, at=at, by=who.client_id, reason=asked["reason"], **changes)
            kept.registry.replace_base(session, before, after)
            employed = kept.registry.employed_by(before.base_id, session)
            if what == "moved":
                for each in employed:
                    moved = registry.changed(
                        each, "moved", at=at, by=who.client_id, reason=asked["reason"], region=after.region
                    )
                    kept.registry.replace_fusao(session, each, moved)
            detail = {
                "base_id": before.base_id,
                "from": before.region,
                "to": changes.get("merged_into") or after.region,
            }
            keys = [before.base_id, *(each.person_key for each in employed)]
            _raise_matters(kept, session, keys, kind=what, detail=detail, today=today, at=at)
            return before.base_id

        return shown_base(kept.registry.base(kept.commands.once(who.client_id, asked, work)))

    @rpc
    def move_fusao(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """MoveFusao -> Fusao: another employer. Her open case and standing awards stay, with a matter to settle."""
        asked, who = public.MoveFusao.read(command), Actor.of(actor)
        who.require(access.APPLY, access.DECIDE)
        kept = casework(self.settings)
        _, at, today = self._now()

        def work(session: ClientSession) -> str:
            before = kept.registry.fusao(asked["person_key"], session)
            registry.require_sight(who, before)
            registry.check_version(before, asked.get("expected_version"))
            employer = kept.registry.base(asked["employer"], session)
            registry.require_active(employer)
            kept.registry.lock(session, employer)
            after = registry.changed(
                before,
                "moved",
                at=at,
                by=who.client_id,
                reason=asked["reason"],
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
