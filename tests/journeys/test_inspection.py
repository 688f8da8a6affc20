"""An inspection's word lowers a published number through its owner, and gives it back once mended; and whatever dies in
between, at every stage the audit counts the same from the certificates themselves."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contract.words import Role
from gateway import scopes
from runtime.files import Files
from tests import builders
from tests.journeys.centre import ACTOR, BUREAU, Centre
from tests.journeys.commands import run
from tests.programme import Programme, until
from tests.services.reports.builders import REPORTER, REVIEWER, a_report, hand_in

_PROCESSES = ("targets.desk", "inspections", "inspections.relay", "inspections.clock")


def an_inspector(name: str) -> dict[str, Any]:
    return {
        "client_id": name,
        "role": Role.INSPECTOR.value,
        "region": "130000",
        "organisation": "省督导组",
        "scopes": list(scopes.OF_ROLE[Role.INSPECTOR]),
    }


ONE, OTHER = an_inspector("inspector"), an_inspector("inspector-2")


@pytest.fixture(scope="module")
def centre(programme: Programme, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """Thirty people counted in 石家庄 and ten elsewhere, inspections at work."""
    programme.start(*_PROCESSES)
    ours = Centre(programme, tmp_path_factory.mktemp("rosters"))
    for number in range(40):
        region = "130102" if number < 30 else "130202"
        ours.certification("issue_certificate", builders.a_certificate(9_000_000 + number, region=region), ACTOR)
    programme.settle()
    yield ours
    ours.rpc.close()


@pytest.fixture
def inspections(centre: Centre) -> Callable[..., Any]:
    return lambda method, *args, **kwargs: centre.rpc.call("inspections", method, *args, timeout=30, **kwargs)


def audited(programme: Programme) -> None:
    ran(programme, "audit")


def ran(programme: Programme, module: str) -> None:
    """To a good end: exit status 0 means that nothing differed."""
    programme.settle()
    found = run(module)
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_unit_that_is_not_found_leaves_the_count_and_comes_back_when_the_recheck_is_passed(
    programme: Programme, centre: Centre, inspections: Callable[..., Any]
) -> None:
    before = centre.value()
    plan = {"title": "持证情况督导", "target_id": "12.1", "region": "130100", "size": 5, "members": ["督导一组"]}
    planned = inspections("plan_inspection", plan, ONE)
    inspection_id = planned["inspection_id"]

    drawn = until(
        lambda: (found := inspections("inspection", inspection_id, ONE))["state"] == "drawn" and found,
        what="the sample is drawn",
    )
    assert (drawn["sample"]["frame_size"], drawn["sample"]["drawn"]) == (30, 5)
    again = centre.rpc.call("targets", "redraw", inspection_id, ONE)
    assert again["proved"] is True
    assert again["frame_digest"] == drawn["sample"]["frame_digest"]
    units = inspections("inspection_units", inspection_id, ONE)["items"]
    assert [unit["fact_id"] for unit in units] == [line.split("|")[1] for line in again["sample"]]

    stored = Files(programme.config).write(io.BytesIO(b"%PDF"), filename="a.pdf", limit=100)
    proof = [{"file_id": stored.file_id, "sha256": stored.sha256, "title": "现场核查记录"}]
    finding = inspections(
        "record_finding",
        {
            "inspection_id": inspection_id,
            "unit": 1,
            "outcome": "not_found",
            "text": "现场未找到证书原件",
            "evidence": proof,
        },
        ONE,
    )
    audited(programme)
    assert centre.value() == before, "a finding alone changes no number"

    programme.kill("inspections.relay")
    of = {"finding_id": finding["finding_id"]}
    order = inspections("order_withdrawal", of | {"reason": "查无实据"}, OTHER)
    assert order["state"] == "pending"
    programme.start("inspections.relay")

    def stands(state: str) -> Callable[[], Any]:
        return lambda: inspections("withdrawal", order["order_id"], ONE)["state"] == state

    until(stands("done"), what="the certificate is withdrawn")
    programme.settle()
    assert (centre.value(), centre.value("130102")) == (before - 1, 29)
    audited(programme)

    number = _number_of(centre, finding["fact_id"])
    with pytest.raises(Exception, match="withdrew") as refused:
        centre.certification("reinstate_certificate", {"certificate_number": number, "reason": "申诉"}, BUREAU)
    assert type(refused.value).__name__ == "WithdrawnByInspection"

    inspections("record_rectification", of | {"text": "已找到原件", "evidence": proof}, ONE)
    assert inspections("recheck", of | {"passed": True, "text": "属实"}, OTHER)["state"] == "passed"
    audited(programme)
    assert centre.value() == before - 1, "what was withdrawn stays withdrawn until it is lifted"

    programme.kill("inspections.relay")
    programme.kill("certification.relay")
    inspections("lift_withdrawal", {"order_id": order["order_id"], "reason": "复查通过"}, OTHER)
    programme.start("inspections.relay", "certification.relay")
    until(stands("lifted"), what="the certificate is given back")
    programme.settle()
    assert (centre.value(), centre.value("130102")) == (before, 30)
    audited(programme)

    steps = [step["event"] for step in centre.certification("certificate", number, BUREAU)["history"]]
    assert steps == ["certificate_issued", "certificate_revoked", "certificate_reinstated"], "each once"
    signed = [
        (entry["value"], entry["cause"])
        for entry in centre.rpc.call("targets", "entries", "12.1", ONE, limit=1000)["items"]
        if entry["fact_id"] == finding["fact_id"]
    ]
    assert signed == [
        ("1", "certification.certificate_issued"),
        ("-1", "certification.certificate_revoked"),
        ("1", "certification.certificate_reinstated"),
    ]


def test_what_of_a_report_is_not_so_is_deducted_and_restored(
    programme: Programme, centre: Centre, inspections: Callable[..., Any]
) -> None:
    def reports(method: str, *args: Any) -> Any:
        return centre.rpc.call("reports", method, *args, timeout=30)

    def value() -> str:
        programme.settle()
        return str(centre.rpc.call("targets", "target", "2.1", ONE, region="130102")["value"])

    programme.start("reports")
    line = reports("file_report", a_report([hand_in(programme.config)], cumulative="10"), REPORTER)
    reports("decide_report", {"report_id": line["report_id"], "decision": "accept"}, REVIEWER)
    until(lambda: value() == "10", what="the figure is counted")

    plan = {"title": "老旧小区改造督导", "target_id": "2.1", "region": "130102", "size": 5, "members": ["督导一组"]}
    inspection_id = inspections("plan_inspection", plan, ONE)["inspection_id"]
    until(lambda: inspections("inspection", inspection_id, ONE)["state"] == "drawn", what="the sample is drawn")
    (unit,) = inspections("inspection_units", inspection_id, ONE)["items"]
    assert (unit["fact_id"], unit["amount"], unit["effective_on"]) == (line["report_id"], "10", "2023-03-31")

    proof = [hand_in(programme.config)]
    found = {"inspection_id": inspection_id, "unit": 1, "outcome": "not_as_reported", "amount": "3"}
    finding = inspections("record_finding", found | {"text": "三处未开工", "evidence": proof}, ONE)
    of = {"finding_id": finding["finding_id"]}
    order = inspections("order_withdrawal", of | {"reason": "三处未开工"}, OTHER)
    until(lambda: value() == "7", what="three are deducted")
    audited(programme)

    inspections("record_rectification", of | {"text": "已建成", "evidence": proof}, ONE)
    inspections("recheck", of | {"passed": True, "text": "属实"}, OTHER)
    until(lambda: inspections("withdrawal", order["order_id"], ONE)["state"] == "done", what="its owner answered")
    inspections("lift_withdrawal", {"order_id": order["order_id"], "reason": "复查通过"}, OTHER)
    until(lambda: value() == "10", what="they are restored")
    audited(programme)


def test_what_nobody_mends_is_followed_by_orders_as_the_days_pass(
    programme: Programme, centre: Centre, inspections: Callable[..., Any]
) -> None:
    inspection = inspections("inspections", ONE)["items"][0]
    stored = Files(programme.config).write(io.BytesIO(b"%PDF"), filename="b.pdf", limit=100)
    finding = inspections(
        "record_finding",
        {
            "inspection_id": inspection["inspection_id"],
            "unit": 2,
            "outcome": "data_wrong",
            "text": "发证日期与原件不符",
            "evidence": [{"file_id": stored.file_id, "sha256": stored.sha256, "title": "证书复印件"}],
        },
        ONE,
    )

    def colours() -> list[str]:
        found = inspections("supervision_orders", ONE, finding_id=finding["finding_id"])
        return [order["colour"] for order in found["items"]]

    year = int(finding["due_on"][:4]) + 1
    for month, expected in ((1, ["蓝"]), (2, ["蓝", "橙"]), (3, ["蓝", "橙", "红"])):
        inspections("set_time", f"{year}-{month:02}-15T04:00:00+00:00")
        until(lambda wanted=expected: colours() == wanted, seconds=20, what=f"{expected[-1]} is issued")
    inspections("set_time", None)


def test_a_withdrawn_certificate_is_withdrawn_once_however_often_it_is_said(
    programme: Programme, centre: Centre, inspections: Callable[..., Any]
) -> None:
    """The relay is killed again and again while orders are told."""
    inspection = inspections("inspections", ONE)["items"][0]
    before = centre.value()
    stored = Files(programme.config).write(io.BytesIO(b"%PDF"), filename="c.pdf", limit=100)
    proof = [{"file_id": stored.file_id, "sha256": stored.sha256, "title": "现场核查记录"}]
    orders = []
    for unit in (3, 4, 5):
        finding = inspections(
            "record_finding",
            {
                "inspection_id": inspection["inspection_id"],
                "unit": unit,
                "outcome": "not_found",
                "text": "查无此人",
                "evidence": proof,
            },
            ONE,
        )
        orders.append(
            inspections("order_withdrawal", {"finding_id": finding["finding_id"], "reason": "查无实据"}, OTHER)
        )
        programme.kill("inspections.relay")
        programme.start("inspections.relay")
    until(
        lambda: all(inspections("withdrawal", order["order_id"], ONE)["state"] == "done" for order in orders),
        what="all are withdrawn",
    )
    programme.settle()
    assert centre.value() == before - 3
    audited(programme)
    ran(programme, "services.targets.replay")


def _number_of(centre: Centre, certificate_id: str) -> str:
    items = centre.certification("certificates", BUREAU, limit=500)["items"]
    return str(next(one["certificate_number"] for one in items if one["certificate_id"] == certificate_id))
