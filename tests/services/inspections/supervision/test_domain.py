import datetime as dt

from contract.findings import SupervisionColour
from services.inspections import escalation
from services.inspections.findings import domain as findings
from services.inspections.findings.domain import Escalation, Finding
from services.inspections.supervision import domain as supervision
from services.inspections.supervision.domain import SupervisionOrder
from tests.services.inspections.builders import a_finding, mended, noon, rechecked

RULE = escalation.in_force()


def next_day(finding: Finding) -> tuple[str, dt.date] | None:
    found = supervision.next_step(finding, RULE)
    return None if found is None else (found[0].colour.value, found[1])


def issued(finding: Finding, day: dt.date, serial: int = 1) -> tuple[SupervisionOrder, Finding]:
    found = supervision.next_step(finding, RULE)
    assert found is not None
    order = supervision.supervise(
        finding,
        found[0],
        RULE,
        supervision_id="d" * 24,
        serial=serial,
        today=day,
        target_name="新增养老护理员持证人员",
        region_name="河北省石家庄市长安区",
        departments=["省民政厅"],
    )
    done = Escalation(order.colour, order.supervision_id, order.number, day)
    return order, findings.escalated(finding, done, at=noon(day), by="clock")


def test_blue_comes_the_day_after_the_date_then_orange_then_red_and_then_nothing() -> None:
    finding, days = a_finding(), []
    while (found := next_day(finding)) is not None:
        days.append(found)
        _, finding = issued(finding, found[1])
    assert days == [("蓝", dt.date(2023, 8, 17)), ("橙", dt.date(2023, 8, 27)), ("红", dt.date(2023, 9, 6))]


def test_a_clock_that_stood_still_does_not_send_two_at_once() -> None:
    _, finding = issued(a_finding(), dt.date(2023, 12, 1))
    assert next_day(finding) == ("橙", dt.date(2023, 12, 11))


def test_what_is_mended_or_passed_is_not_escalated_and_what_failed_again_goes_on_from_its_new_date() -> None:
    _, finding = issued(a_finding(), dt.date(2023, 8, 17))
    waiting = mended(finding, day=dt.date(2023, 8, 20))
    assert next_day(waiting) is None
    assert next_day(rechecked(waiting, day=dt.date(2023, 8, 21))) is None
    failed = rechecked(waiting, passed=False, day=dt.date(2023, 8, 21))
    assert failed.due_on == dt.date(2023, 9, 5)
    assert next_day(failed) == ("橙", dt.date(2023, 9, 15))


def test_an_order_says_all_that_is_printed() -> None:
    order, _ = issued(a_finding(), dt.date(2023, 8, 18), serial=7)
    assert (order.number, order.overdue_days, order.next_on) == ("督查单〔2023〕7号", 2, dt.date(2023, 8, 28))
    assert order.lines == (
        "蓝色督查单",
        "督查单〔2023〕7号",
        "致：河北省石家庄市长安区、省民政厅",
        "事项：12.1 新增养老护理员持证人员（河北省石家庄市长安区）",
        "督导发现：查无实据。现场未找到证书原件",
        "整改期限：2023年8月16日，已逾期2日，尚未完成整改。",
        "要求：请责任单位立即整改，并在期限内报送整改情况和佐证材料。",
        "2023年8月28日前仍未完成整改的，将发出橙色督查单。",
        "2023年8月18日",
    )


def test_the_last_order_announces_no_further_one() -> None:
    finding = a_finding()
    for day in (dt.date(2023, 8, 17), dt.date(2023, 8, 27)):
        _, finding = issued(finding, day)
    red, _ = issued(finding, dt.date(2023, 9, 6))
    assert (red.colour, red.next_on) == (SupervisionColour.RED, None)
    assert not [line for line in red.lines if "将发出" in line]
