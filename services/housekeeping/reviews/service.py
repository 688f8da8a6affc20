"""Calls about reviews: who stands aside, and the others' marks."""

from typing import Any

from pymongo.client_session import ClientSession

from contract import applications as public
from contract.housekeeping import SubjectKind
from runtime.hosting import rpc
from services.housekeeping import access
from services.housekeeping.access import Actor
from services.housekeeping.calls import Calls
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import steps
from services.housekeeping.cases.answers import shown_case
from services.housekeeping.cases.casework import casework
from services.housekeeping.reviewers.answers import shown_reviewer
from services.housekeeping.reviewers.domain import Reviewer
from services.housekeeping.reviews import domain as reviews
from services.housekeeping.rubrics.scoring import Score


class ReviewCalls(Calls):
    @rpc
    def declare_interest(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """DeclareInterest -> Reviewer. They lose their seat on that subject's open case, and get none again. Refuses
        NotReviewing, SubjectNotFound."""
        asked, who = public.DeclareInterest.read(command), Actor.of(actor)
        who.require(access.REVIEW)
        kept = casework(self.settings)
        _, at, today = self._now()
        key = asked["subject_key"]

        def work(session: ClientSession) -> str:
            known = kept.reviewers.get(who.client_id, session)
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
            kept.reviewers.put(session, interested)
            for case in kept.cases.open_of([key], session):
                about = kept.known(session, case, at)
                after = reviews.recuse(
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

        return shown_reviewer(kept.reviewers.get(kept.commands.once(who.client_id, asked, work)))

    @rpc
    def submit_review(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """SubmitReview -> Application as its reviewer may see it. Refuses CaseNotFound, CaseChanged, NotReviewing,
        AlreadyScored, ReviewTooLate, MarksInvalid."""
        asked, who = public.SubmitReview.read(command), Actor.of(actor)
        who.require(access.REVIEW)
        kept = casework(self.settings)
        _, at, today = self._now()

        def work(session: ClientSession) -> str:
            before = kept.cases.get(asked["application_id"], session)
            cases.require_sight(who, before)
            if who.organisation == before.organisation:  # whatever the province wrote down when it registered them
                raise public.NotReviewing(
                    "您所在单位就是申报单位，应当回避，请申报回避",
                    "your own organisation applies: declare an interest and stand aside",
                )
            cases.check_version(before, asked.get("expected_version"))
            about = kept.known(session, before, at)
            marks = {mark["item"]: mark["points"] for mark in asked["marks"]}
            if len(marks) != len(asked["marks"]):
                raise public.MarksInvalid("同一评分项出现多次", "an item is marked more than once")
            after = reviews.score(
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
