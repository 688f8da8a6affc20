"""Who may do what. What one may not see does not exist for them; what one may not do is forbidden.

Which indicators an actor has to do with, within their region, is the plan's to say."""

from contract import actor, regions
from contract.inspections import InspectionsNotAllowed
from contract.words import Role
from plan import Plan

READ, WRITE, MATTERS = "inspections:read", "inspections:write", "matters:write"


class Actor(actor.Actor):
    __slots__ = ()

    def require(self, *scopes: str) -> None:
        """Raises InspectionsNotAllowed when none of them is the actor's."""
        if not self.has(*scopes):
            raise not_allowed()

    def require_inspector(self) -> None:
        """Raises InspectionsNotAllowed."""
        if self.role is not Role.INSPECTOR or WRITE not in self.scopes:
            raise not_allowed()

    def sees(self, plan: Plan, *, target_id: str, region: str) -> bool:
        return regions.within(region, self.region) and self.concerned(plan, target_id)

    def concerned(self, plan: Plan, target_id: str) -> bool:
        """Whether the indicator is one of the actor's; for who has any, what is none at all is refused where it is
        read."""
        own = self.targets(plan)
        return target_id in own or (bool(own) and target_id not in plan.indicators)

    def targets(self, plan: Plan) -> frozenset[str]:
        """The ids of the indicators that the actor has to do with."""
        return plan.concerning(role=self.role, organisation=self.organisation, region=self.region)


def not_allowed() -> InspectionsNotAllowed:
    return InspectionsNotAllowed(
        "没有进行这项操作的权限：督导检查由督导人员办理",
        "not allowed to do this: inspections are the inspectors' to do",
    )
