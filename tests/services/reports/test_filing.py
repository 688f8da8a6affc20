"""Filing and reviewing on the real database."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from contract import reports as public
from contract.errors import CommandReused, Invalid, Refused
from contract.message import Said
from contract.targets import TargetNotFound
from runtime.config import Config
from services.reports.service import Reports
from tests.interleaved import Point, commits, interleaved, writes
from tests.organisations import owner_of
from tests.services.reports.builders import (
    BOTH,
    HOUSING_REPORTER,
    HOUSING_REVIEWER,
    OUTSIDER,
    PROVINCE_REPORTER,
    PROVINCE_REVIEWER,
    REPORTER,
    REVIEWER,
    UNIT_REPORTER,
    a_report,
)
from tests.services.reports.conftest import Desk

Log = Callable[[], list[Said]]


def faults(refused: pytest.ExceptionInfo[Refused]) -> dict[str, str]:
    return {error["pointer"]: error["code"] for error in refused.value.errors}


def test_what_a_second_person_accepts_is_said_with_its_figure(desk: Desk, said: Log) -> None:
    filed = desk.file(problems="资金未到位", next_steps="争取专项债", started="14", completed="12", inspected="10")
    assert (filed["status"], filed["figure"], filed["cumulative"]) == ("filed", None, "10")
    accepted = desk.decide(filed)
    assert (accepted["status"], accepted["figure"], accepted["version"]) == ("accepted", "10", 2)
    assert accepted["reviewed_by"] == "reviewer-130100"
    told = [(event.event, event.data["version"], event.data["figure"]) for event in said()]
    assert told == [(public.ReportFiled, 1, None), (public.ReportAccepted, 2, 10)]
    data = said()[-1].data
    assert (data["region"], data["period"], str(data["effective_on"])) == ("130102", "2023-03", "2023-03-31")
    assert (data["started"], data["completed"], data["inspected"], data["evidence"]) == (14, 12, 10, 1)
    assert (data["problems"], data["next_steps"], data["filed_by"]) == ("资金未到位", "争取专项债", "reporter-130102")
    assert [step["event"] for step in accepted["history"]] == ["filed", "accepted"]


def test_a_correction_leaves_the_accepted_figure_counting_until_it_is_accepted_too(desk: Desk, said: Log) -> None:
    desk.accepted()
    corrected = desk.file(cumulative="8", reason="两个小区重复计算")
    assert (corrected["status"], corrected["figure"], corrected["cumulative"]) == ("filed", "10", "8")
    assert [event.data["figure"] for event in said()] == [None, 10, 10]
    assert desk.decide(corrected)["figure"] == "8"
    rejected = desk.decide(desk.file(cumulative="9", reason="再次核对"), "reject", reason="依据不足")
    assert (rejected["figure"], rejected["status"], rejected["review_reason"]) == ("8", "rejected", "依据不足")
    assert [event.data["figure"] for event in said()][-2:] == [8, 8]


@pytest.mark.parametrize(("decision", "status"), [("reject", "已驳回"), ("return", "退回修改"), ("accept", "已审定")])
def test_who_decides_again_reads_how_it_was_decided(desk: Desk, decision: str, status: str) -> None:
    line = desk.file()
    desk.decide(line, decision, reason="依据不足")
    with pytest.raises(public.ReportAlreadyDecided) as refused:
        desk.decide(line, decision, reason="依据不足")
    assert f"现状态为{status}" in refused.value.zh


def test_a_line_that_was_decided_is_filed_again_only_with_a_reason(desk: Desk) -> None:
    desk.accepted()
    with pytest.raises(public.ReportInvalid) as refused:
        desk.file(cumulative="12")
    assert faults(refused) == {"/reason": "missing"}


def test_what_is_returned_is_filed_again_and_the_trail_keeps_all_of_it(desk: Desk) -> None:
    filed = desk.file()
    with pytest.raises(public.ReportInvalid) as refused:
        desk.decide(filed, "return")
    assert faults(refused) == {"/reason": "missing"}
    desk.decide(filed, "return", reason="佐证不清晰")
    again = desk.decide(desk.file(cumulative="9"))
    assert [(step["version"], step["event"], step["cumulative"]) for step in again["history"]] == [
        (1, "filed", "10"),
        (2, "returned", "10"),
        (3, "filed", "9"),
        (4, "accepted", "9"),
    ]
    assert again["history"][1]["reason"] == "佐证不清晰"


def test_nobody_reviews_their_own_and_a_decision_is_made_once(desk: Desk) -> None:
    filed = desk.file(BOTH)
    with pytest.raises(public.ReporterReviewsOwn):
        desk.decide(filed, actor=BOTH)
    desk.decide(filed)
    with pytest.raises(public.ReportAlreadyDecided):
        desk.decide(filed)


def test_who_decided_on_another_version_is_told_so(desk: Desk) -> None:
    filed = desk.file()
    desk.file(cumulative="11")
    with pytest.raises(public.ReportChanged) as refused:
        desk.decide(filed, expected_version=1)
    assert refused.value.facts == {"version": 2}
    assert desk.decide(filed, expected_version=2)["figure"] == "11"


def test_filing_the_same_twice_is_no_new_version(desk: Desk, said: Log) -> None:
    desk.file()
    with pytest.raises(public.ReportUnchanged):
        desk.file()
    assert len(said()) == 1


def test_a_command_told_again_changes_nothing(desk: Desk, said: Log) -> None:
    first = desk.file(command_id="k1")
    assert desk.file(command_id="k1") == first
    with pytest.raises(CommandReused):
        desk.file(command_id="k1", cumulative="11")
    assert desk.decide(first, command_id="k2") == desk.decide(first, command_id="k2")
    assert len(said()) == 2


def test_a_cumulative_figure_below_the_one_before_is_refused(desk: Desk) -> None:
    desk.accepted(period="2023-03", cumulative="10")
    with pytest.raises(public.FigureBelowEarlier) as refused:
        desk.file(period="2023-05", cumulative="9")
    assert refused.value.facts == {"period": "2023-03", "figure": "10"}
    desk.file(period="2023-05", cumulative="10")


def test_a_correction_may_lower_a_figure_as_far_as_the_period_before(desk: Desk) -> None:
    desk.accepted(period="2023-03", cumulative="10")
    desk.accepted(period="2023-04", cumulative="15")
    desk.accepted(period="2023-05", cumulative="20")
    with pytest.raises(public.FigureBelowEarlier):
        desk.file(period="2023-04", cumulative="9", reason="更正")
    with pytest.raises(public.FigureAboveLater):
        desk.file(period="2023-04", cumulative="21", reason="更正")
    assert desk.accepted(period="2023-04", cumulative="11", reason="更正")["figure"] == "11"


def test_what_was_filed_beside_a_figure_that_has_since_moved_is_not_accepted(desk: Desk) -> None:
    march = desk.accepted(period="2023-03", cumulative="10")
    desk.file(period="2023-03", cumulative="4", reason="更正")
    april = desk.file(period="2023-04", cumulative="6")
    with pytest.raises(public.FigureBelowEarlier):
        desk.decide(april)
    desk.decide(march)
    assert desk.decide(april)["figure"] == "6"


def test_a_part_above_its_whole_is_refused_when_filed_and_when_accepted(desk: Desk) -> None:
    desk.file(target_id="4.1", cumulative="100.5")
    with pytest.raises(public.PartAboveWhole):
        desk.file(target_id="4.2", cumulative="100.6")
    part = desk.file(target_id="4.2", cumulative="30.125")
    with pytest.raises(public.PartAboveWhole):
        desk.decide(part)  # nothing of the whole is accepted yet
    desk.accepted(target_id="4.1", cumulative="100.501")
    desk.decide(part)
    with pytest.raises(public.PartAboveWhole) as refused:
        desk.file(target_id="4.1", cumulative="30", reason="更正")
    assert refused.value.facts["whole"] == "4.1"


def test_a_stock_needs_an_accepted_baseline(desk: Desk) -> None:
    who: dict[str, Any] = {"actor": PROVINCE_REPORTER, "target_id": "20.3", "region": "130000"}
    with pytest.raises(public.BaselineMissing) as refused:
        desk.file(**who, cumulative="420")
    assert refused.value.facts == {"baseline": "2022-12"}
    first = desk.file(**who, cumulative="400", period="2022-12")
    with pytest.raises(public.BaselineMissing):
        desk.file(**who, cumulative="420")
    desk.decide(first, actor=PROVINCE_REVIEWER)
    assert desk.accepted(**who, by=PROVINCE_REVIEWER, cumulative="420")["figure"] == "420"
    desk.file(**who, cumulative="390", period="2023-04")  # a level may fall


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"target_id": "14.2"}, public.SumNotReported),
        ({"target_id": "12.1"}, public.IndicatorNotReported),
        ({"target_id": "19.3"}, public.IndicatorNotReported),
        ({"target_id": "99.9"}, TargetNotFound),
        ({"region": "130100"}, public.ReportingLevelWrong),
        ({"region": "130000"}, public.ReportingLevelWrong),
        ({"target_id": "20.3"}, public.ReportingLevelWrong),
        ({"target_id": "6.2"}, public.ReportingLevelWrong),
        ({"period": "2022-12"}, public.PeriodNotReportable),
        ({"period": "2023-08"}, public.PeriodNotReportable),
        ({"period": "2024-01"}, public.PeriodNotReportable),
    ],
    ids=str,
)
def test_what_the_plan_does_not_ask_for_is_refused(desk: Desk, said: Log, changes: Any, refusal: Any) -> None:
    with pytest.raises(refusal) as refused:
        desk.file(HOUSING_REPORTER | {"organisation": owner_of(changes.get("target_id", "2.1"))}, **changes)
    assert refused.value.zh
    assert said() == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"cumulative": "10.5"}, {"/cumulative": "decimals"}),
        ({"cumulative": None}, {"/cumulative": "missing"}),
        ({"state": "推进中"}, {"/state": "unexpected"}),
        ({"target_id": "3.1", "cumulative": "2"}, {"/cumulative": "at_most_one"}),
        ({"target_id": "4.1", "cumulative": "1.0005"}, {"/cumulative": "decimals"}),
        ({"target_id": "9", "state": "推进中"}, {"/cumulative": "unexpected"}),
        ({"target_id": "9", "cumulative": None}, {"/state": "missing"}),
        ({"started": "5", "completed": "6"}, {"/completed": "quality_order"}),
        ({"started": "5", "inspected": "6"}, {"/inspected": "quality_order"}),
        ({"evidence": []}, {"/evidence": "missing"}),
    ],
    ids=str,
)
def test_each_field_at_fault_is_named(desk: Desk, changes: Any, fault: dict[str, str]) -> None:
    with pytest.raises(public.ReportInvalid) as refused:
        desk.file(**changes)
    assert faults(refused) == fault


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"cumulative": "-1"}, "/cumulative"),
        ({"cumulative": "1E+9"}, None),
        ({"cumulative": "1E-999999999"}, "/cumulative"),
        ({"cumulative": "1E+999999999"}, "/cumulative"),
        ({"cumulative": "NaN"}, "/cumulative"),
        ({"cumulative": "很多"}, "/cumulative"),
        ({"period": "2023-13"}, "/period"),
        ({"problems": "请联系13800000000"}, "/problems"),
        ({"next_steps": "身份证130102199001011237"}, "/next_steps"),
        ({"shoe_size": 42}, "/shoe_size"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused_by_its_field(desk: Desk, changes: Any, pointer: str | None) -> None:
    if pointer is None:
        assert desk.file(**changes)["cumulative"] == "1000000000"
        return
    with pytest.raises(Invalid) as refused:
        desk.file(**changes)
    assert [error["pointer"] for error in refused.value.errors] == [pointer]


def test_an_indicator_without_a_number_is_told_by_state(desk: Desk, said: Log) -> None:
    done = desk.accepted(target_id="9", cumulative=None, state="推进中", problems="设备到货较晚")
    assert (done["accepted_state"], done["figure"]) == ("推进中", None)
    assert (said()[-1].data["state"], said()[-1].data["figure"]) == ("推进中", None)
    desk.file(target_id="9", cumulative=None, state="未启动", period="2023-04", evidence=[])


def test_a_nought_claims_nothing_and_needs_no_evidence(desk: Desk) -> None:
    assert desk.file(cumulative="0", evidence=[])["cumulative"] == "0"


def test_a_unit_that_is_its_own_county_files_what_either_files(desk: Desk) -> None:
    for target in ("2.1", "6.2"):
        reporter = PROVINCE_REPORTER | {"organisation": owner_of(target)}
        assert desk.file(reporter, target_id=target, region="130682", cumulative="1")["region"] == "130682"


def test_one_files_within_ones_region_and_for_ones_department(desk: Desk) -> None:
    with pytest.raises(public.ReportRegionNotYours):
        desk.file(UNIT_REPORTER, region="130202")
    with pytest.raises(public.ReportRegionNotYours):
        desk.file(region="130104")
    with pytest.raises(public.DepartmentNotYours):
        desk.file(HOUSING_REPORTER, target_id="4.1")
    assert desk.file(HOUSING_REPORTER)["region"] == "130102"
    assert desk.file(UNIT_REPORTER, region="130104", cumulative="3")["region"] == "130104"


def test_one_sees_and_reviews_ones_region_and_department_only(desk: Desk, service: Reports) -> None:
    here = desk.file()
    there = desk.file(HOUSING_REPORTER, region="130202")
    road = desk.file(target_id="4.1")
    for strange, actor in ((there, REVIEWER), (road, HOUSING_REVIEWER)):
        with pytest.raises(public.ReportNotFound):
            service.report(strange["report_id"], actor)
        with pytest.raises(public.ReportNotFound):
            desk.decide(strange, actor=actor)
    seen = {line["report_id"] for line in service.reports(HOUSING_REVIEWER)["items"]}
    assert seen == {here["report_id"], there["report_id"]}
    assert {line["target_id"] for line in service.reports(REVIEWER)["items"]} == {"2.1", "4.1"}
    assert service.reports(REVIEWER, region="130200") == {"items": [], "next": None}
    assert [line["region"] for line in service.reports(HOUSING_REVIEWER, region="130200")["items"]] == ["130202"]
    assert service.reports(HOUSING_REVIEWER, target_id="4.1")["items"] == []


@pytest.mark.parametrize("actor", [REVIEWER, OUTSIDER], ids=["reviewer", "outsider"])
def test_only_a_reporter_files(service: Reports, proof: list[dict[str, str]], actor: dict[str, Any]) -> None:
    with pytest.raises(public.ReportsNotAllowed):
        service.file_report(a_report(proof), actor)


def test_only_a_reviewer_decides_and_only_who_may_reads(desk: Desk, service: Reports) -> None:
    filed = desk.file()
    with pytest.raises(public.ReportsNotAllowed):
        desk.decide(filed, actor=PROVINCE_REPORTER)
    for call in (lambda: service.report(filed["report_id"], OUTSIDER), lambda: service.reports(OUTSIDER)):
        with pytest.raises(public.ReportsNotAllowed):
            call()


def test_lists_go_on_where_the_page_before_ended(desk: Desk, service: Reports) -> None:
    for month in range(1, 6):
        desk.file(period=f"2023-{month:02}", cumulative=str(month))
    first = service.reports(REPORTER, limit=3)
    rest = service.reports(REPORTER, limit=3, after=first["next"])
    assert [line["period"] for line in first["items"] + rest["items"]] == [f"2023-{month:02}" for month in range(1, 6)]
    assert rest["next"] is None
    assert [line["period"] for line in service.reports(REPORTER, period="2023-02", status="filed")["items"]] == [
        "2023-02"
    ]


@pytest.mark.parametrize("at", [writes, commits])
def test_of_two_who_settle_one_region_at_once_neither_misses_the_other(desk: Desk, service: Reports, at: Point) -> None:
    """4.1 goes down to 30 while 4.2 goes up to 40: each alone is right, both together are not."""
    desk.accepted(target_id="4.1", cumulative="100", command_id="before")
    desk.accepted(target_id="4.2", cumulative="20")
    whole, part = (
        partial(
            service.file_report,
            a_report(desk.proof, target_id=id, cumulative=figure, reason="更正", command_id=id),
            REPORTER,
        )
        for id, figure in (("4.1", "30"), ("4.2", "40"))
    )
    both = interleaved(whole, part, at=at)
    assert [isinstance(one, public.PartAboveWhole) for one in both].count(True) == 1


def test_time_is_not_set_in_production(service: Reports, settings: Config) -> None:
    service.settings = replace(settings, app_env="production")  # type: ignore[assignment]
    with pytest.raises(public.ReportsNotAllowed):
        service.set_time("2023-01-01T00:00:00+00:00")
