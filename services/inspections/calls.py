"""What the calls of inspections share: what time it is, the plan, the documents that a command names, and what of a
register an actor may see."""

import datetime as dt
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import plan as plans
from contract.errors import Invalid
from contract.sight import tells_apart
from plan import Plan
from runtime.clock import day_of
from runtime.files import FileMissing, Files
from runtime.pages import Page, ReadRegion, given, nothing, walked, within_of
from services.inspections import store
from services.inspections.access import READ, WRITE, Actor
from services.inspections.evidence import Proof
from services.inspections.register import Register, concerning
from services.inspections.store import Inspections, timepiece


class Placed(Protocol):
    """What is about one indicator, in one region."""

    @property
    def target_id(self) -> str: ...

    @property
    def region(self) -> str: ...


Kept = TypeVar("Kept", bound=Placed)


class Calls:
    settings: Any  # runtime.config.Config

    def _now(self) -> tuple[Inspections, dt.datetime, dt.date]:
        at = timepiece.now(self.settings)
        return store.inspections(self.settings), at, day_of(at)

    def _plan(self) -> Plan:
        return plans.read(self.settings.plan_file)

    def _proofs(self, asked: dict[str, Any], refused: Callable[[list[int]], Invalid]) -> tuple[Proof, ...]:
        """The evidence that a command names. Raises what ``refused`` makes of the places of what was never handed in,
        or is not what is named."""
        named, files = tuple(Proof(**proof) for proof in asked["evidence"]), Files(self.settings)
        if missing := [place for place, proof in enumerate(named) if not _there(proof, files)]:
            raise refused(missing)
        return named

    def _seen(self, rows: Register[Kept], key: str, who: Actor) -> Kept:
        """What lies in the actor's region and indicators; the rest does not exist for them. Raises what the register's
        ``missing`` makes, InspectionsNotAllowed."""
        who.require(READ, WRITE)
        found = rows.get(key)
        if not who.sees(self._plan(), target_id=found.target_id, region=found.region):
            raise rows.missing()
        return found

    def _listed(
        self,
        actor: dict[str, Any],
        query: type[ReadRegion],
        asked: dict[str, Any],
        page: Callable[..., Page[Kept]],
        shown: Callable[[list[Kept]], list[dict[str, Any]]],
    ) -> dict[str, Any]:
        """A page of what the actor may see of a register: what ``query`` reads of ``asked`` selects, ``page`` (of a
        Register) finds, and ``shown`` writes. Raises InspectionsNotAllowed."""
        who = Actor.of(actor)
        who.require(READ, WRITE)
        read = query.read(given(**asked))
        if (within := within_of(who.region, read.pop("region", None))) is None:
            return nothing()
        limit, seen = read.pop("limit"), concerning(sorted(who.targets(self._plan())), within)
        found = page(seen, limit=limit, **read)
        return walked(found, [unnamed(each, who) for each in shown(found)])


def unnamed(told: dict[str, Any], who: Actor) -> dict[str, Any]:
    """An answer about a counted unit, without which one it is to whoever may not see the unit itself."""
    if "fact" not in told or tells_apart(who, told["fact"]):
        return told
    return told | {name: None for name in ("subject", "fact_id") if name in told}


def _there(proof: Proof, files: Files) -> bool:
    try:
        return files.describe(proof.file_id).sha256 == proof.sha256
    except FileMissing:
        return False
