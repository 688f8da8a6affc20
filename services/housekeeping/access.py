"""Who may do what. What one may not see does not exist for them; what one may not do is forbidden.

An office is a 妇联 with exactly that region: the province's does not do the county's work. Applicants and reviewers see
their own.
"""

from contract import actor, regions
from contract.applications import NotYourOffice
from contract.housekeeping import StarsNotAllowed
from contract.words import Role

READ, APPLY, REVIEW, DECIDE, REVEAL = "stars:read", "stars:apply", "stars:review", "stars:decide", "people:reveal"
_OVERSEERS = (Role.FEDERATION, Role.DISPATCHER, Role.INSPECTOR)

OFFICES = {
    "applicant": ("申请人", "the applicant"),
    "county": ("所在县（市、区）妇联", "the county's women's federation"),
    "city": ("所在市妇联", "the city's women's federation"),
    "province": ("省妇联", "the provincial women's federation"),
    "clock": ("系统（到期自动）", "the clock"),
}


class Actor(actor.Actor):
    __slots__ = ()

    def require(self, *scopes: str) -> None:
        """Raises StarsNotAllowed when none of them is the actor's."""
        if not self.has(*scopes):
            raise _not_allowed()

    def require_office(self, office: str, *, region: str = regions.PROVINCE, organisation: str = "") -> None:
        """Raises NotYourOffice."""
        if not self.holds(office, region=region, organisation=organisation):
            zh, en = OFFICES[office]
            raise NotYourOffice(f"此步骤由{zh}办理", f"this is for {en} to do")

    def holds(self, office: str, *, region: str, organisation: str) -> bool:
        """Whether the actor is that office of that region, or the applicant of that organisation."""
        if office == "anyone":
            return True
        if office == "clock":
            return self is CLOCK
        if office == "applicant":
            return self.role is Role.APPLICANT and self.organisation == organisation and APPLY in self.scopes
        if self.role is not Role.FEDERATION or DECIDE not in self.scopes:
            return False
        path = regions.get(region).path
        own = {"county": path[-1], "city": path[min(1, len(path) - 1)], "province": path[0]}[office]
        return self.region == own

    def sees(self, *, region: str, organisation: str, reviewers: frozenset[str] = frozenset()) -> bool:
        if READ not in self.scopes:
            return False
        if self.role is Role.APPLICANT:
            return self.organisation == organisation
        if self.role is Role.REVIEWER:
            return self.client_id in reviewers
        return self.role in _OVERSEERS and regions.within(region, self.region)


CLOCK = Actor("clock", None, regions.PROVINCE, "", frozenset())
ANYBODY = Actor("public", None, regions.PROVINCE, "", frozenset())


def _not_allowed() -> StarsNotAllowed:
    return StarsNotAllowed("没有进行这项操作的权限", "not allowed to do this")
