"""绿色通道 requests: a clock in working days, which stands still while more information is waited for."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contract import greenways as public
from contract.errors import Invalid
from contract.matters import MatterInvalid, MattersNotAllowed
from contract.message import Said
from runtime import mongo
from runtime.config import Config
from runtime.quarantine import Quarantine
from runtime.workdays import Calendar, Window
from services.inspections.access import Actor
from services.inspections.greenways import domain as greenways
from services.inspections.greenways.domain import Greenway
from services.inspections.greenways.job import GreenwayChore
from services.inspections.service import Inspections
from services.targets.copies.matters import Matters, Problems
from tests.services.inspections.builders import DISPATCHER, an_id, noon
from tests.services.inspections.registers import (
    EDUCATION,
    ELSEWHERE,
    LAND_OFFICE,
    OWNER,
    REPORTER,
    a_request,
    handed_in,
)

OnDay = Callable[[dt.date], None]
TUESDAY = dt.date(2023, 8, 1)
NEXT_TUESDAY = dt.date(2023, 8, 8)  # the fifth working day after it


def answered(
    service: Inspections,
    greenway: dict[str, Any],
    answer: str = "同意",
    actor: dict[str, Any] = LAND_OFFICE,
    **more: Any,
) -> dict[str, Any]:
    command = {"greenway_id": greenway["greenway_id"], "answer": answer, "reason": "依据相关规定", **more}
    return service.answer_greenway(command, actor)


def supplied(
    service: Inspections, greenway: dict[str, Any], actor: dict[str, Any] = REPORTER, **more: Any
) -> dict[str, Any]:
    return service.supply_greenway({"greenway_id": greenway["greenway_id"], "text": "已补充", **more}, actor)


def test_it_is_due_on_the_fifth_working_day_and_an_answer_on_that_day_is_in_time(
    service: Inspections, on_day: OnDay
) -> None:
    greenway = service.request_greenway(a_request(), REPORTER)
    assert (greenway["state"], greenway["working_days"], greenway["due_on"]) == ("待答复", 5, NEXT_TUESDAY.isoformat())
    on_day(NEXT_TUESDAY)
    assert service.greenway(greenway["greenway_id"], REPORTER)["overdue"] is False
    done = answered(service, greenway)
    assert (done["state"], done["answered_on"], done["late"]) == ("同意", "2023-08-08", False)
    assert (done["due_on"], done["overdue"]) == (None, False)


def test_holidays_and_the_days_worked_for_them_are_reckoned_with(service: Inspections, on_day: OnDay) -> None:
    on_day(dt.date(2023, 9, 27))
    greenway = service.request_greenway(a_request(), REPORTER)
    # 9-29 to 10-6 are off; 10-7 and 10-8, a weekend, are worked for them.
    assert greenway["due_on"] == "2023-10-10"


def test_the_clock_stands_still_while_more_information_is_waited_for(
    service: Inspections, settings: Config, on_day: OnDay
) -> None:
    greenway = service.request_greenway(a_request(), REPORTER)
    on_day(dt.date(2023, 8, 3))
    paused = answered(service, greenway, "补充材料")
    assert (paused["state"], paused["due_on"], paused["days_left"]) == ("待补充材料", None, 3)
    on_day(dt.date(2023, 9, 4))
    assert service.greenway(greenway["greenway_id"], REPORTER)["overdue"] is False
    with pytest.raises(public.GreenwayNotWaiting):
        answered(service, greenway)
    proof = handed_in(settings)
    running = supplied(service, greenway, evidence=[proof])
    assert (running["state"], running["due_on"], running["evidence"]) == ("待答复", "2023-09-07", [proof])
    assert service.greenway_file(greenway["greenway_id"], proof["file_id"], LAND_OFFICE) == {"sha256": proof["sha256"]}
    with pytest.raises(public.GreenwayNotWaiting):
        supplied(service, greenway)
    on_day(dt.date(2023, 9, 7))
    assert answered(service, greenway, "不同意")["late"] is False


def test_asking_on_the_last_day_leaves_a_day_to_answer_and_asking_too_late_does_not_undo_that(
    service: Inspections, on_day: OnDay
) -> None:
    in_time, late = (service.request_greenway(a_request(), REPORTER) for _ in range(2))
    on_day(NEXT_TUESDAY)
    assert answered(service, in_time, "补充材料")["days_left"] == 0
    on_day(dt.date(2023, 8, 9))
    assert answered(service, late, "补充材料")["overdue_since"] == "2023-08-09"
    assert supplied(service, in_time)["due_on"] == "2023-08-10"
    supplied(service, late)
    on_day(dt.date(2023, 8, 10))
    assert answered(service, in_time)["late"] is False
    assert answered(service, late)["late"] is True


def test_a_request_that_cannot_be_read_is_set_aside_and_the_others_are_marked(
    service: Inspections, settings: Config, on_day: OnDay
) -> None:
    greenways = [service.request_greenway(a_request(), REPORTER)["greenway_id"] for _ in range(2)]
    mongo.database(settings, "inspections")["greenways"].update_one({"_id": greenways[0]}, {"$set": {"history": 1}})
    on_day(dt.date(2023, 8, 12))
    held = Quarantine(mongo.database(settings, "inspections"), "clock")
    assert GreenwayChore(settings).look(held) == 1
    assert held.held("greenway") == [greenways[0]]


def test_who_did_not_answer_in_time_is_marked_once(
    service: Inspections, settings: Config, on_day: OnDay, said: Callable[[], list[Said]]
) -> None:
    chore, held = GreenwayChore(settings), Quarantine(mongo.database(settings, "inspections"), "clock")
    greenway = service.request_greenway(a_request(), REPORTER)
    on_day(NEXT_TUESDAY)
    assert chore.look(held) == 0
    on_day(dt.date(2023, 8, 12))
    assert service.greenways(REPORTER, overdue=True)["items"] == [service.greenway(greenway["greenway_id"], REPORTER)]
    assert (chore.look(held), chore.look(held)) == (1, 0)
    on_day(dt.date(2023, 8, 20))
    assert chore.look(held) == 0
    marked = service.greenway(greenway["greenway_id"], REPORTER)
    assert (marked["overdue"], marked["overdue_since"]) == (True, "2023-08-09")
    assert [(step["event"], step["by"]) for step in marked["history"]][1:] == [("overdue", "clock")]
    assert answered(service, greenway)["late"] is True
    assert service.greenways(REPORTER, overdue=True)["items"] == []
    names = [one.event.name() for one in said()]
    assert names == ["greenway_requested", "greenway_overdue", "greenway_answered"]
    heard = Matters(mongo.database(settings, "targets"))
    for one in said()[:2]:
        heard.hear(one)
    assert heard.problems(today=TUESDAY) == {(2, "130102"): Problems(waiting=1, waiting_late=1)}
    heard.hear(said()[2])
    assert heard.problems(today=TUESDAY) == {}


def test_a_new_calendar_moves_the_day_and_never_to_an_earlier_one() -> None:
    def waiting(calendar: Calendar) -> Greenway:
        return Greenway(
            greenway_id=an_id("greenway"),
            item=2,
            target_id="2.1",
            region="130102",
            step=public.GreenwayStep.LAND,
            addressed_to="省自然资源厅",
            subject="预审",
            text="预审",
            state=public.GreenwayState.WAITING,
            requested_on=TUESDAY,
            organisation="长安区",
            working_days=5,
            days_left=5,
            window=Window(TUESDAY, 5, NEXT_TUESDAY, calendar.name),
            version=1,
            history=(),
        )

    published = Calendar()
    more_holidays = Calendar({dt.date(2023, 8, 7): False})
    more_work = Calendar({dt.date(2023, 8, 5): True})
    at = noon(NEXT_TUESDAY)
    assert greenways.fall_due(waiting(published), calendar=published, today=NEXT_TUESDAY, at=at) == waiting(published)
    later = greenways.fall_due(waiting(published), calendar=more_holidays, today=NEXT_TUESDAY, at=at)
    assert later.window is not None
    assert (later.window.ends_on, later.history[-1].event) == (dt.date(2023, 8, 9), "reckoned_anew")
    same = greenways.fall_due(waiting(published), calendar=more_work, today=NEXT_TUESDAY, at=at)
    assert same.window is not None
    assert same.window.ends_on == NEXT_TUESDAY


def test_the_department_answers_it_and_the_dispatcher_may_record_what_came_on_paper(service: Inspections) -> None:
    greenway = service.request_greenway(a_request(), REPORTER)
    with pytest.raises(public.GreenwayNotYours):
        answered(service, greenway, actor=OWNER)
    with pytest.raises(public.GreenwayNotFound):
        answered(service, greenway, actor=ELSEWHERE)
    assert answered(service, greenway, actor=DISPATCHER)["history"][-1]["organisation"] == DISPATCHER["organisation"]
    own = service.request_greenway(a_request(), DISPATCHER)
    with pytest.raises(public.GreenwayNotYours):
        answered(service, own, actor=DISPATCHER)


def test_what_is_answered_stays_answered_and_who_requested_supplies(service: Inspections) -> None:
    greenway = service.request_greenway(a_request(), REPORTER)
    answered(service, greenway, "补充材料")
    with pytest.raises(public.GreenwayNotYours):
        supplied(service, greenway, OWNER)
    supplied(service, greenway)
    answered(service, greenway)
    for change in (answered, supplied):
        with pytest.raises(public.GreenwayAnsweredAlready):
            change(service, greenway)
    with pytest.raises(public.GreenwayChanged):
        answered(service, greenway, expected_version=1)


def test_the_addressee_sees_it_though_the_plan_does_not_name_it_and_others_see_their_own(service: Inspections) -> None:
    greenway = service.request_greenway(a_request(addressed_to=EDUCATION["organisation"]), REPORTER)
    service.request_greenway(a_request(), REPORTER)
    assert [one["greenway_id"] for one in service.greenways(EDUCATION)["items"]] == [greenway["greenway_id"]]
    assert service.greenways(ELSEWHERE)["items"] == []
    assert len(service.greenways(REPORTER, addressed_to=LAND_OFFICE["organisation"])["items"]) == 1
    assert len(service.greenways(REPORTER, state="待答复", step="土地供应", item=2, target_id="2.1")["items"]) == 2
    assert service.greenways(REPORTER, region="130200")["items"] == []


def test_what_is_wrong_with_a_request_is_named(service: Inspections) -> None:
    with pytest.raises(MatterInvalid):
        service.request_greenway(a_request(target_id="99.9"), REPORTER)
    with pytest.raises(MattersNotAllowed):
        service.request_greenway(a_request(), ELSEWHERE)
    with pytest.raises(Invalid) as refused:
        service.request_greenway(a_request(text="联系人 154 0000 0001"), REPORTER)
    assert refused.value.errors[0]["code"] == "personal_data"


def test_how_long_there_is_to_answer_is_data_with_its_source() -> None:
    assert greenways.working_days() == 5
    assert "default" in greenways._OPTIONS.read_text()


def test_an_answer_after_its_day_is_late_also_when_nobody_looked_in_between() -> None:
    who = Actor.of({**LAND_OFFICE, "scopes": LAND_OFFICE["scopes"]})
    about = greenways.About(item=2, target_id="2.1", region="130102")
    asker = replace(who, organisation="长安区")
    made = greenways.request(
        greenway_id=an_id("late"),
        about=about,
        step=public.GreenwayStep.LAND,
        addressed_to=who.organisation,
        subject="预审",
        text="预审",
        days=5,
        calendar=Calendar(),
        today=TUESDAY,
        at=noon(TUESDAY),
        who=asker,
    )
    later = dt.date(2023, 8, 9)
    done = greenways.answer(
        made,
        answer=public.GreenwayAnswer.GRANTED,
        reason="同意",
        calendar=Calendar(),
        today=later,
        at=noon(later),
        who=who,
    )
    assert (done.late, done.overdue_since) == (True, later)
