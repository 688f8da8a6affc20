"""Who may do what with reports. What one may not see does not exist for them; what one may not do is forbidden."""

from contract import actor, regions
from contract.reports import DepartmentNotYours, ReportRegionNotYours, ReportsNotAllowed
from plan import Indicator, Plan

READ, WRITE, REVIEW = "reports:read", "reports:write", "reports:review"


class Actor(actor.Actor):
    __slots__ = ()

    def require(self, *scopes: str) -> None:
        """Raises ReportsNotAllowed when none of them is the actor's."""
        if not self.has(*scopes):
            raise ReportsNotAllowed(
                "当前账号没有填报或审核权限，请使用填报人或审核人账号",
                "this client may not do that with reports: use a reporter's or a reviewer's",
            )

    def owns(self, plan: Plan, indicator: Indicator) -> bool:
        return indicator.id in self.indicators(plan)

    def sees(self, plan: Plan, indicator: Indicator, region: str) -> bool:
        return self.owns(plan, indicator) and regions.within(region, self.region)

    def require_on(self, plan: Plan, indicator: Indicator, region: str) -> None:
        """Raises ReportRegionNotYours, DepartmentNotYours."""
        self.require_within(region)
        if not self.owns(plan, indicator):
            owners = "、".join(indicator.departments)
            raise DepartmentNotYours(
                f"指标{indicator.id}由{owners}负责，不属于{self.organisation}：请由责任部门办理",
                f"indicator {indicator.id} belongs to {owners}: it is for them to do",
            )

    def require_within(self, region: str) -> None:
        """Raises ReportRegionNotYours."""
        if not regions.within(region, self.region):
            name, own = regions.get(region).full_name, regions.get(self.region).full_name
            raise ReportRegionNotYours(
                f"{name}不在您的辖区（{own}）之内：请由该地区或其上级办理",
                f"{region} lies outside your region {self.region}: it is for that region, or one above it",
            )

    def indicators(self, plan: Plan) -> frozenset[str]:
        """The ids of those that the actor has to do with."""
        return plan.concerning(role=self.role, organisation=self.organisation, region=self.region)
