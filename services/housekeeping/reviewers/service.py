"""Calls about reviewers: registered, and listed."""

from typing import Any

from pymongo.client_session import ClientSession

from contract import applications as public
from contract import regions
from runtime.hosting import rpc
from services.housekeeping.access import Actor
from services.housekeeping.calls import Calls
from services.housekeeping.registry.store import registry_of
from services.housekeeping.reviewers.answers import shown_reviewer
from services.housekeeping.reviewers.domain import Reviewer
from services.housekeeping.reviewers.store import reviewers_of


class ReviewerCalls(Calls):
    @rpc
    def register_reviewer(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RegisterReviewer -> Reviewer; the province's. Told again with other particulars, they are the new ones;
        interests stay. Refuses NotYourOffice, SubjectNotFound, RegionUnknown."""
        asked, who = public.RegisterReviewer.read(command), Actor.of(actor)
        who.require_office("province")
        root, _, _ = self._now()
        registry, reviewers = registry_of(self.settings), reviewers_of(self.settings)

        def work(session: ClientSession) -> str:
            if "base_id" in asked:
                registry.base(asked["base_id"], session)
            known = reviewers.find(asked["client_id"], session)
            reviewer = Reviewer(
                client_id=asked["client_id"],
                organisation=asked["organisation"],
                office=regions.get(asked["office"]).code if "office" in asked else None,
                base_id=asked.get("base_id"),
                active=asked["active"],
                interests=known.interests if known else frozenset(),
                version=known.version + 1 if known else 1,
            )
            reviewers.put(session, reviewer)
            return reviewer.client_id

        return shown_reviewer(reviewers.get(root.commands.once(who.client_id, asked, work)))

    @rpc
    def reviewers(self, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"items": [Reviewer]}``; the province's."""
        Actor.of(actor).require_office("province")
        return {"items": [shown_reviewer(each) for each in reviewers_of(self.settings).all()]}
