"""Whatever is done to a problem, a 绿色通道 request or a hint stands in its history: what, when, by whom, for whom, and
in which words."""

import datetime as dt
from typing import Any

import pytest

from contract.greenways import GreenwayAnswer, GreenwayState, GreenwayStep
from contract.hints import HintNotYours, HintOutcome, HintState
from contract.matters import (
    MatterKind,
    MatterSettledAlready,
    MattersNotAllowed,
    MatterState,
    OwnSettlement,
    SettlementNotAsked,
)
from runtime.workdays import Calendar
from services.inspections.about import About
from services.inspections.access import Actor
from services.inspections.evidence import Proof
from services.inspections.greenways import domain as greenways
from services.inspections.hints import domain as hints
from services.inspections.history import Step
from services.inspections.matters import domain as matters
from tests.services.inspections.builders import DISPATCHER, INSPECTOR, PROOF, TODAY, noon
from tests.services.inspections.registers import ELSEWHERE, LAND_OFFICE, OWNER, REPORTER, REVIEWER, an_anomaly

ABOUT = About(item=2, target_id="2.1", region="130102")
MORE_PROOF = Proof("e" * 24, "1" * 64, "补充材料")
ours, owner, land, reviewer, dispatcher, inspector, stranger = map(
    Actor.of, (REPORTER, OWNER, LAND_OFFICE, REVIEWER, DISPATCHER, INSPECTOR, ELSEWHERE)
)


def day(number: int) -> dt.date:
    return TODAY + dt.timedelta(days=number)


def step(version: int, event: str, who: Actor, text: str | None = None) -> Step:
    """On the day whose number is the version."""
    return Step(version, event, noon(day(version)), who.client_id, who.organisation, text)


def a_greenway() -> greenways.Greenway:
    return greenways.request(
        greenway_id="a" * 24, about=ABOUT, step=GreenwayStep.LAND, addressed_to=land.organisation, subject="用地预审",
        text="3个小区", days=5, calendar=Calendar(), today=day(1), at=noon(day(1)), who=ours,
    )  # fmt: skip


def on(number: int) -> dict[str, Any]:
    return {"calendar": Calendar(), "today": day(number), "at": noon(day(number))}


def test_a_request_that_was_asked_for_more_supplied_and_granted() -> None:
    asked = greenways.answer(a_greenway(), answer=GreenwayAnswer.MORE_INFORMATION, reason="缺图", who=land, **on(2))
    assert (asked.state, asked.window, asked.days_left) == (GreenwayState.MORE_ASKED, None, 4)
    given = greenways.supply(asked, text="附图", evidence=(PROOF,), who=ours, **on(3))
    assert (given.state, given.days_left, given.evidence) == (GreenwayState.WAITING, 4, (PROOF,))
    assert given.window is not None
    assert (given.window.opened_on, given.window.working_days) == (day(3), 4)
    assert given.window.ends_on == dt.date(2023, 8, 10)
    done = greenways.answer(given, answer=GreenwayAnswer.GRANTED, reason="同意办理", who=land, **on(4))
    assert done.history == (
        step(1, "requested", ours),
        step(2, "more_information", land, "缺图"),
        step(3, "supplied", ours, "附图"),
        step(4, "granted", land, "同意办理"),
    )
    assert (done.state, done.version, done.answered_on, done.late) == (GreenwayState.GRANTED, 4, day(4), False)


def test_the_clock_says_once_that_a_request_is_overdue() -> None:
    late = greenways.fall_due(a_greenway(), **on(30))
    assert (late.overdue_since, late.window) == (dt.date(2023, 8, 10), a_greenway().window)
    last = late.history[-1]
    assert (last.event, last.by, last.organisation) == ("overdue", "clock", "clock")
    assert greenways.fall_due(late, **on(31)) is late
    refused = greenways.answer(late, answer=GreenwayAnswer.REFUSED, reason="不符", who=land, **on(31))
    assert (refused.state, refused.late) == (GreenwayState.REFUSED, True)
    assert greenways.fall_due(refused, **on(32)) is refused


def a_matter() -> matters.Matter:
    return matters.register(
        matter_id="b" * 24, about=ABOUT, kind=MatterKind.FUNDS, title="资金缺口", text="尚缺1230万元",
        owner=owner.organisation, due_on=day(9), today=day(1), at=noon(day(1)), who=ours,
    )  # fmt: skip


def test_a_problem_that_was_returned_settled_and_reopened() -> None:
    matter = matters.update(a_matter(), text="已到位一半", at=noon(day(2)), who=owner)
    matter = matters.ask_settlement(matter, text="已到位", evidence=(PROOF,), at=noon(day(3)), who=owner)
    assert (matter.state, matter.asked_by) == (MatterState.SETTLEMENT_ASKED, owner.client_id)
    matter = matters.give_back(matter, reason="缺回单", at=noon(day(4)), who=reviewer)
    assert (matter.state, matter.asked_by) == (MatterState.OPEN, None)
    matter = matters.ask_settlement(matter, text="附回单", evidence=(MORE_PROOF,), at=noon(day(5)), who=dispatcher)
    with pytest.raises(OwnSettlement):
        matters.settle(matter, text="属实", today=day(6), at=noon(day(6)), who=dispatcher)
    matter = matters.settle(matter, text="属实", today=day(6), at=noon(day(6)), who=reviewer)
    assert (matter.state, matter.settled_on, matter.late) == (MatterState.SETTLED, day(6), False)
    assert not matter.overdue(day(40))
    with pytest.raises(MattersNotAllowed):
        matters.reopen(matter, reason="又欠", due_on=None, today=day(7), at=noon(day(7)), who=stranger)
    matter = matters.reopen(matter, reason="又欠", due_on=None, today=day(7), at=noon(day(7)), who=inspector)
    assert (matter.state, matter.settled_on, matter.asked_by, matter.due_on) == (MatterState.OPEN, None, None, day(9))
    assert (matter.overdue(day(9)), matter.overdue(day(10))) == (False, True)
    assert matter.evidence == (PROOF, MORE_PROOF)
    assert matter.history == (
        step(1, "registered", ours),
        step(2, "updated", owner, "已到位一半"),
        step(3, "settlement_asked", owner, "已到位"),
        step(4, "settlement_returned", reviewer, "缺回单"),
        step(5, "settlement_asked", dispatcher, "附回单"),
        step(6, "settled", reviewer, "属实"),
        step(7, "reopened", inspector, "又欠"),
    )


def test_a_hint_that_was_handed_on_looked_into_and_concluded() -> None:
    told = an_anomaly().data
    hint = hints.open_case(hint_id="c" * 24, told=told, service="targets", at=noon(day(1)))
    assert (hint.noticed_by, hint.noticed_on, hint.measures) == ("targets", TODAY, told["measures"])
    hint = hints.assign(hint, owner=owner.organisation, at=noon(day(2)), who=dispatcher)
    with pytest.raises(HintNotYours):
        hints.conclude(hint, outcome=HintOutcome.UNDECIDED, text="", inspection_id=None, at=noon(day(3)), who=reviewer)
    hint = hints.conclude(
        hint, outcome=HintOutcome.UNDECIDED, text="待查", inspection_id="d" * 24, at=noon(day(3)), who=owner
    )
    assert (hint.state, hint.outcome) == (HintState.ASSIGNED, HintOutcome.UNDECIDED)
    hint = hints.assign(hint, owner=reviewer.client_id, at=noon(day(4)), who=dispatcher)
    hint = hints.conclude(
        hint, outcome=HintOutcome.CONFIRMED, text="属实", inspection_id=None, at=noon(day(5)), who=reviewer
    )
    assert (hint.state, hint.outcome, hint.inspection_id) == (HintState.CONCLUDED, HintOutcome.CONFIRMED, "d" * 24)
    noticed = Step(1, "noticed", noon(day(1)), "targets", "targets")
    assert hint.history == (
        noticed,
        step(2, "assigned", dispatcher, owner.organisation),
        step(3, "undecided", owner, "待查"),
        step(4, "assigned", dispatcher, reviewer.client_id),
        step(5, "concluded", reviewer, "属实"),
    )


@pytest.mark.parametrize("decide", [matters.settle, matters.give_back], ids=["settle", "give back"])
def test_whoever_asked_and_the_owner_decide_nothing_and_nobody_before_it_is_asked(decide: Any) -> None:
    words = {"text": "属实", "today": day(4)} if decide is matters.settle else {"reason": "缺回单"}

    def decided(matter: matters.Matter, who: Actor) -> matters.Matter:
        return decide(matter, at=noon(day(4)), who=who, **words)

    with pytest.raises(SettlementNotAsked):
        decided(a_matter(), reviewer)
    asked = matters.ask_settlement(a_matter(), text="已到位", evidence=(PROOF,), at=noon(day(3)), who=dispatcher)
    for who in (owner, dispatcher):
        with pytest.raises(OwnSettlement):
            decided(asked, who)
    with pytest.raises(MattersNotAllowed):
        decided(asked, stranger)
    with pytest.raises(MatterSettledAlready):
        decided(matters.settle(asked, text="属实", today=day(4), at=noon(day(4)), who=reviewer), inspector)


def test_who_has_nothing_to_do_with_a_problem_changes_nothing_of_it() -> None:
    for who in (owner, ours, dispatcher):
        assert matters.update(a_matter(), text="进展", at=noon(day(2)), who=who).version == 2
    with pytest.raises(MattersNotAllowed):
        matters.update(a_matter(), text="进展", at=noon(day(2)), who=stranger)
    with pytest.raises(MattersNotAllowed):
        matters.ask_settlement(a_matter(), text="好了", evidence=(), at=noon(day(2)), who=stranger)
