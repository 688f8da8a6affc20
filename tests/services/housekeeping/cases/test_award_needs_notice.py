"""Whatever is tried, in whatever order and by whomever: no award without an expired, undisputed notice."""

import datetime as dt

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contract import regions
from contract.applications import ObjectionState
from contract.errors import Refused
from runtime.workdays import Calendar
from services.housekeeping.access import ANYBODY, CLOCK
from services.housekeeping.cases import domain as cases
from services.housekeeping.cases import notice, steps
from services.housekeeping.cases.notice import Objection
from services.housekeeping.procedures import domain as procedures
from tests.services.housekeeping.builders import (
    CITY,
    COUNTY,
    DAY,
    a_case,
    applicant,
    evidence,
    known,
    noon,
    office,
    reviewer,
    score,
)

ACTORS = (applicant(), office(COUNTY), office(CITY), office(regions.PROVINCE), ANYBODY, CLOCK, reviewer(1))
TRANSITIONS = (*procedures.procedure("stars-2").transitions, "forge")
USUAL = {
    "draft": ("submit", applicant()),
    "submitted": ("accept", office(COUNTY)),
    "county_review": ("pass_county", office(COUNTY)),
    "city_recommendation": ("recommend", office(CITY)),
    "provincial_review": ("open_notice", office(regions.PROVINCE)),
    "notice_ended": ("award", office(regions.PROVINCE)),
    "returned": ("resubmit", applicant()),
}


class Anything(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.case = a_case()
        self.day = DAY
        self.calendar = Calendar()
        self.awarded_on: dt.date | None = None
        self.calendar_of_award = self.calendar  # a holiday notice that comes after the award changes nothing any more

    def attempt(self, transition: str, actor: object, *, objection: Objection | None = None, about: int = 1) -> None:
        before = self.case
        try:
            self.case = steps.take(
                before,
                transition,
                actor=actor,  # type: ignore[arg-type]
                reason="理由",
                known=known(self.day, calendar=self.calendar),
                evidence=(evidence("inquiry"),),
                objection=objection,
                objection_id=f"{about:024d}",
                ground="no_facts",
                award_id="9" * 24,
            )
        except Refused:
            return
        assert self.case.version > before.version
        assert self.case.history[: len(before.history)] == before.history, "history is only ever added to"
        if self.case.state == "awarded" and before.state != "awarded":
            self.awarded_on, self.calendar_of_award = self.day, self.calendar

    @rule(transition=st.sampled_from(TRANSITIONS), actor=st.sampled_from(ACTORS), about=st.integers(1, 3))
    def anybody_tries_anything(self, transition: str, actor: object, about: int) -> None:
        self.attempt(transition, actor, about=about)

    @rule(choice=st.integers(0, 9), about=st.integers(1, 3))
    def somebody_tries_what_might_be_possible(self, choice: int, about: int) -> None:
        ends = ("withdraw", "decline") if choice else ()  # which would end most runs before they get anywhere
        possible = [step for step in self.case.procedure.from_state(self.case.state) if step.name not in ends]
        if not possible:
            return
        step = possible[choice % len(possible)]
        holders = {"applicant": 0, "county": 1, "city": 2, "province": 3, "anyone": 4, "clock": 5}
        actor = ACTORS[holders[self.case.procedure.office(step, self.case.state)]]
        self.attempt(step.name, actor, about=about)

    @rule(times=st.integers(1, 4))
    def things_take_their_course(self, times: int) -> None:
        for _ in range(times):
            if self.case.state in USUAL:
                self.attempt(*USUAL[self.case.state])

    @rule(total=st.sampled_from((60, 75, 85, 95)))
    def the_reviewers_score(self, total: int) -> None:
        for seat in cases.active_seats(self.case):
            try:
                self.case = score(self.case, seat.reviewer, total, self.day)
            except Refused:
                continue

    @rule(number=st.integers(1, 3))
    def somebody_objects(self, number: int) -> None:
        if any(each.objection_id == f"{number:024d}" for each in self.case.objections):
            return
        objection = Objection(f"{number:024d}", len(self.case.notices), anonymous=True, received_at=noon(self.day))
        self.attempt("receive_objection", ANYBODY, objection=objection)

    @rule(number=st.integers(1, 3))
    def who_objected_appeals(self, number: int) -> None:
        found = [each for each in self.case.objections if each.objection_id == f"{number:024d}"]
        if found:
            self.attempt("appeal_objection", ANYBODY, objection=found[-1])

    @rule(number=st.integers(1, 3), how=st.sampled_from(("admit_objection", "refuse_objection")), clerk=st.booleans())
    def the_province_answers(self, number: int, how: str, clerk: bool) -> None:
        self.attempt(how, office(regions.PROVINCE, "-2" if clerk else ""), about=number)

    @rule(number=st.integers(1, 3), how=st.sampled_from(("dismiss_objection", "uphold_objection")))
    def the_province_inquires(self, number: int, how: str) -> None:
        self.attempt(how, office(regions.PROVINCE), about=number)

    @rule(days=st.sampled_from((1, 3, 8, 12, 40)))
    def time_passes(self, days: int) -> None:
        self.day += dt.timedelta(days=days)

    @rule()
    def the_clock_looks(self) -> None:
        self.case = steps.fall_due(self.case, known(self.day, calendar=self.calendar))
        if self.case.state in ("on_notice", "inquiry"):
            assert notice.overdue(self.case.objections, self.day) is None, "silence has not admitted it"
        due = cases.due_on(self.case)
        assert due is None or due > self.day or self.case.state == "provincial_review", "the clock would look for ever"

    @rule(days=st.sampled_from((9, 10, 14)))
    def the_notice_runs_its_course(self, days: int) -> None:
        self.time_passes(days)
        self.the_clock_looks()
        self.things_take_their_course(1)

    @rule(ahead=st.integers(1, 9), worked=st.booleans())
    def a_holiday_notice_comes_late(self, ahead: int, worked: bool) -> None:
        day = self.day + dt.timedelta(days=ahead)
        self.calendar = Calendar({**self.calendar.recorded, day: worked})

    @initialize(total=st.sampled_from((75, 95)), far=st.booleans())
    def often_it_is_on_notice_already(self, total: int, far: bool) -> None:
        if far:
            self.things_take_their_course(4)
            self.the_reviewers_score(total)
            self.things_take_their_course(1)

    @invariant()
    def an_award_stands_on_an_expired_undisputed_notice(self) -> None:
        if self.case.state != "awarded":
            return
        last = self.case.notices[-1]
        assert self.awarded_on is not None
        assert last.window.ends_on < self.awarded_on, "the notice was not over"
        worked = self.calendar_of_award.between(last.window.opened_on, last.window.ends_on)
        assert worked >= last.window.working_days == 7, "the notice was shortened"
        against = [each for each in self.case.objections if each.notice == last.number]
        assert not any(each.stands(self.awarded_on) for each in against), "the notice was disputed"
        assert {each.state for each in against} <= {
            ObjectionState.DISMISSED,
            ObjectionState.REFUSED,
            ObjectionState.REJECTED,
        }
        found = cases.outcome(self.case)
        assert found is not None
        assert found.settled
        assert found.stars == last.stars >= 3

    @invariant()
    def only_an_admitted_objection_stops_the_award(self) -> None:
        is_open = {each.objection_id for each in self.case.objections if each.state is ObjectionState.OPEN}
        if not self.case.final:
            assert (self.case.state == "inquiry") == bool(is_open)
        for objection_id in is_open:
            about = [step for step in self.case.history if step.about == objection_id]
            assert {step.by for step in about if step.transition in ("admit_objection", "objection_overdue")}

    @invariant()
    def whoever_refused_an_objection_does_not_decide_its_appeal(self) -> None:
        for number in range(1, 4):
            by = [
                step.by
                for step in self.case.history
                if step.about == f"{number:024d}" and step.transition in ("admit_objection", "refuse_objection")
            ]
            assert len(by) == len({*by}), "the same clerk twice"

    @invariant()
    def a_final_case_has_ended(self) -> None:
        if self.case.final:
            assert cases.due_on(self.case) is None


Anything.TestCase.settings = settings(max_examples=300, stateful_step_count=40)
TestAnything = Anything.TestCase


def test_the_usual_course_does_reach_the_award() -> None:
    """Else the promise above would hold of nothing."""
    run = Anything()
    run.things_take_their_course(4)
    run.the_reviewers_score(95)
    run.things_take_their_course(1)
    run.time_passes(12)
    run.the_clock_looks()
    run.things_take_their_course(1)
    assert run.case.state == "awarded"
    run.an_award_stands_on_an_expired_undisputed_notice()
