"""Calls about reviews: who may, who must stand aside, and their marks."""

from typing import Any

from pymongo.client_session import ClientSession

from contract import applications as public
from contract import regions
from contract.housekeeping import SubjectKind
from runtime.hosting import rpc
from services.housekeeping import access
from services.housekeeping.answers import shown_case, shown_reviewer
from services.housekeeping.calls import Calls, actor_of
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import seating, steps
from services.housekeeping.cases.casework import known_of, require_sight
from services.housekeeping.reviewers.domain import Reviewer
from services.housekeeping.rubrics.scoring import Score


class ReviewCalls(Calls):
    @rpc
    def register_reviewer(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RegisterReviewer -> Reviewer; the province's. Told again with other particulars, they are the new ones;
        interests stay. Refuses NotYourOffice, SubjectNotFound, RegionUnknown."""
        asked, who = public.RegisterReviewer.read(command), actor_of(actor)
        who.require_office("province")
        kept, _, _ = self._now()

        def work(session: ClientSession) -> str:
            if "base_id" in asked:
                kept.registry.base(asked["base_id"], session)
            known = kept.registry.reviewer(asked["client_id"], session)
            reviewer = Reviewer(
                client_id=asked["client_id"],
                organisation=asked["organisation"],
                office=regions.get(asked["office"]).code if "office" in asked else None,
                base_id=asked.get("base_id"),
                active=asked["active"],
                interests=known.interests if known else frozenset(),
                version=known.version + 1 if known else 1,
            )
            kept.registry.put_reviewer(session, reviewer)
            return reviewer.client_id

        return self._reviewer(kept.commands.once(who.client_id, asked, work))

    @rpc
    def reviewers(self, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"items": [Reviewer]}``; the province's."""
        actor_of(actor).require_office("province")
        kept, _, _ = self._now()
        return {"items": [shown_reviewer(each) for each in kept.registry.reviewers()]}

    @rpc
    def declare_interest(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """DeclareInterest -> Reviewer. They lose their seat on that subject's open case, and get none again. Refuses
        NotReviewing, SubjectNotFound."""
        asked, who = public.DeclareInterest.read(command), actor_of(actor)
        who.require(access.REVIEW)
        kept, at, today = self._now()
        key = asked["subject_key"]

        def work(session: ClientSession) -> str:
            known = kept.registry.reviewer(who.client_id, session)
            if known is None:
                raise _not_a_reviewer()
            kept.registry.subject(SubjectKind(asked["subject_kind"]), key, session)
            interested = Reviewer(
                known.client_id,
                known.organisation,
                known.office,
                known.base_id,
                known.active,
                known.interests | {key},
                known.version + 1,
            )
            kept.registry.put_reviewer(session, interested)
            for case in kept.cases.open_of([key], session):
                about = known_of(kept, session, case, at)
                after = seating.recuse(
                    case,
                    reviewer=who.client_id,
                    reason=asked["reason"],
                    today=today,
                    at=at,
                    calendar=about.calendar,
                    pool=about.pool,
                    loads=about.loads,
                )
                kept.cases.replace(session, case, after)
            return who.client_id

        return self._reviewer(kept.commands.once(who.client_id, asked, work))

    @rpc
    def submit_review(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """SubmitReview -> Application as its reviewer may see it. Refuses CaseNotFound, CaseChanged, NotReviewing,
        AlreadyScored, ReviewTooLate, MarksInvalid."""
        asked, who = public.SubmitReview.read(command), actor_of(actor)
        who.require(access.REVIEW)
        kept, at, today = self._now()

        def work(session: ClientSession) -> str:
            before = kept.cases.get(asked["application_id"], session)
            require_sight(who, before)
            cases.check_version(before, asked.get("expected_version"))
            about = known_of(kept, session, before, at)
            marks = {mark["item"]: mark["points"] for mark in asked["marks"]}
            if len(marks) != len(asked["marks"]):
                raise public.MarksInvalid("同一评分项出现多次", "an item is marked more than once")
            after = seating.score(
                steps.reckon(before, about),
                reviewer=who.client_id,
                given=Score(marks, tuple(dict.fromkeys(asked["vetoes"]))),
                notes={mark["item"]: mark["note"] for mark in asked["marks"] if "note" in mark},
                note=asked["note"],
                revises=asked.get("revises"),
                today=today,
                at=at,
                calendar=about.calendar,
                pool=about.pool,
                loads=about.loads,
            )
            kept.cases.replace(session, before, after)
            return before.case_id

        return shown_case(kept.cases.get(kept.commands.once(who.client_id, asked, work)), who)

    def _reviewer(self, client_id: str) -> dict[str, Any]:
        kept, _, _ = self._now()
        found = kept.registry.reviewer(client_id)
        if found is None:
            raise _not_a_reviewer()
        return shown_reviewer(found)


def _not_a_reviewer() -> public.NotReviewing:
    return public.NotReviewing("您未登记为评审员", "not registered as a reviewer")
