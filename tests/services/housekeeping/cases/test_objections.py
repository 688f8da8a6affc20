"""Every step of an objection, in every state of one, by everybody: who may, and whom it stops."""

import itertools
from collections.abc import Callable

import pytest

from contract import regions
from contract.applications import ObjectionState
from contract.errors import Refused
from services.housekeeping.access import ANYBODY, CLOCK, Actor
from services.housekeeping.cases.domain import Case
from tests.services.housekeeping.builders import (
    CITY,
    COUNTY,
    DAY,
    answer,
    applicant,
    case_due,
    evidence,
    objected,
    office,
    on_notice,
    reviewer,
    take,
)

ID = f"{1:024d}"
PROVINCE, COLLEAGUE = office(regions.PROVINCE), office(regions.PROVINCE, "-2")
BARRED = Actor("reviewer-0", PROVINCE.role, PROVINCE.region, "fulian-130000", PROVINCE.scopes)  # who had a seat
RECOMMENDED = Actor(office(CITY).client_id, PROVINCE.role, PROVINCE.region, "fulian-130000", PROVINCE.scopes)
OWN = Actor("fulian-base", PROVINCE.role, PROVINCE.region, "base-a", PROVINCE.scopes)
ACTORS = {
    "province": PROVINCE,
    "colleague": COLLEAGUE,
    "city": office(CITY),
    "county": office(COUNTY),
    "elsewhere": office("130200"),
    "applicant": applicant(),
    "reviewer": reviewer(0),
    "a clerk who reviewed": BARRED,
    "a clerk who recommended": RECOMMENDED,
    "a clerk of the applicant": OWN,
    "anybody": ANYBODY,
    "clock": CLOCK,
}


def received() -> Case:
    return objected(on_notice(), DAY)


def opened() -> Case:
    return answer(received(), "admit_objection", DAY)


def refused() -> Case:
    return answer(received(), "refuse_objection", DAY)


def appealed() -> Case:
    case = refused()
    return take(case, "appeal_objection", ANYBODY, DAY, objection=case.objections[0])


def rejected() -> Case:
    return answer(appealed(), "refuse_objection", DAY, who="-2")


def dismissed() -> Case:
    return take(opened(), "dismiss_objection", PROVINCE, DAY, objection_id=ID, evidence=(evidence(),))


STATES: dict[ObjectionState, Callable[[], Case]] = {
    ObjectionState.RECEIVED: received,
    ObjectionState.OPEN: opened,
    ObjectionState.REFUSED: refused,
    ObjectionState.APPEALED: appealed,
    ObjectionState.REJECTED: rejected,
    ObjectionState.DISMISSED: dismissed,
}
STEPS = ("admit_objection", "refuse_objection", "objection_overdue", "appeal_objection", "receive_objection")
BOTH = {"province", "colleague"}
MAY = {  # everybody else, and everything else, is refused; `province` refused what is appealed
    (ObjectionState.RECEIVED, "admit_objection"): (BOTH, ObjectionState.OPEN),
    (ObjectionState.RECEIVED, "refuse_objection"): (BOTH, ObjectionState.REFUSED),
    (ObjectionState.APPEALED, "admit_objection"): ({"colleague"}, ObjectionState.OPEN),
    (ObjectionState.APPEALED, "refuse_objection"): ({"colleague"}, ObjectionState.REJECTED),
    (ObjectionState.RECEIVED, "objection_overdue"): ({"clock"}, ObjectionState.OPEN),
    (ObjectionState.APPEALED, "objection_overdue"): ({"clock"}, ObjectionState.OPEN),
}


@pytest.mark.parametrize(("state", "step"), [*itertools.product(STATES, STEPS)])
def test_each_step_of_an_objection_is_for_its_state_and_its_people_alone(state: ObjectionState, step: str) -> None:
    case = STATES[state]()
    assert case.objections[0].state is state
    may, becomes = MAY.get((state, step), (set[str](), state))
    did = set()
    for name, actor in ACTORS.items():
        try:
            after = take(case, step, actor, DAY, objection_id=ID, ground="no_facts")
        except Refused:
            continue
        did.add(name)
        assert after.objections[0].state is becomes
        assert (after.state == "inquiry") == (becomes is ObjectionState.OPEN)
        assert (after.history[-1].by, after.history[-1].about) == (actor.client_id, ID)
    assert did == may


@pytest.mark.parametrize("state", [*STATES])
def test_only_what_stands_keeps_a_notice_from_ending(state: ObjectionState) -> None:
    """Two weeks later silence has admitted what was undecided, and the time to appeal is over."""
    case = STATES[state]()
    later = case.notices[-1].window.ends_on.replace(day=20)
    stopped = state in (ObjectionState.RECEIVED, ObjectionState.APPEALED, ObjectionState.OPEN)
    assert case_due(case, later).state == ("inquiry" if stopped else "notice_ended")
