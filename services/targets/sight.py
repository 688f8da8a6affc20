"""Which view somebody has of an indicator in a region: contract.sight, beside the plan and the regions."""

from dataclasses import dataclass
from typing import Self

from contract import regions, sight
from contract.actor import Actor
from contract.sight import View
from contract.words import Role
from plan import Plan


@dataclass(frozen=True)
class Sight:
    """``most``: the view of what lies within ``within`` and is one of ``own``; of all else it is the public's."""

    most: View
    within: frozenset[str]
    own: frozenset[str]

    @classmethod
    def of(cls, plan: Plan, who: Actor | None) -> Self:
        most = sight.progress(who)
        if who is None or most is View.PUBLIC:
            return cls(View.PUBLIC, frozenset(), frozenset())
        own = plan.concerning(role=who.role, organisation=who.organisation, region=who.region)
        if who.role is Role.PARTNER:  # it has no part in the plan, and is given all of it to read
            own = frozenset(plan.indicators)
        return cls(most, frozenset(regions.subtree(who.region)), own)

    def view(self, indicator: str, region: str) -> View:
        """``region``: a code as ``regions.get`` writes it."""
        return self.most if region in self.within and indicator in self.own else View.PUBLIC
