"""What departments and regions file counts once a second person accepts it, and the audit proves every figure of it."""

import datetime as dt
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from contract.reports import PartAboveWhole, ReporterReviewsOwn
from contract.withdrawals import WithdrawalLifted, WithdrawalOrdered
from runtime import mongo
from runtime.outbox import Outbox
from runtime.rpc import Rpc
from tests.journeys.centre import DISPATCHER
from tests.journeys.commands import run
from tests.organisations import owner_of
from tests.programme import Programme, until
from tests.services.reports.builders import (
    BOTH,
    PROVINCE_REPORTER,
    PROVINCE_REVIEWER,
    REPORTER,
    REVIEWER,
    a_report,
    hand_in,
)

COUNTY, PROVINCE = "130102", "130000"


class Office:
    """Reporters and reviewers, through RPC as the gateway asks."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme
        self.rpc = Rpc(programme.config)
        self.rpc.call("reports", "set_time", "2023-07-10T02:00:00+00:00", timeout=30)
        self.proof = [hand_in(programme.config)]
        self._ordered = 0

    def file(self, actor: dict[str, Any] = REPORTER, **changes: Any) -> dict[str, Any]:
        return dict(self.rpc.call("reports", "file_report", a_report(self.proof, **changes), actor, timeout=30))

    def accept(self, filed: dict[str, Any], actor: dict[str, Any] = REVIEWER) -> dict[str, Any]:
        command = {"report_id": filed["report_id"], "decision": "accept"}
        return dict(self.rpc.call("reports", "decide_report", command, actor, timeout=30))

    def accepted(self, **changes: Any) -> dict[str, Any]:
        own = {"organisation": owner_of(changes.get("target_id", "2.1"))}
        return self.accept(self.file(PROVINCE_REPORTER | own, **changes), PROVINCE_REVIEWER | own)

    def value(self, target_id: str = "2.1", region: str = PROVINCE, **clocks: str) -> Decimal:
        found = self.rpc.call("targets", "target", target_id, DISPATCHER, region=region, timeout=30, **clocks)
        return Decimal(found["value"])

    def order(self, report: dict[str, Any], amount: int, *, version: int = 1, lifted: bool = False) -> str:
        """As inspections would say it; the order's id, once reports has answered."""
        order_id = f"{report['report_id'][:-4]}ffff"
        event = WithdrawalLifted if lifted else WithdrawalOrdered
        said = event.said(
            id=mongo.new_id(),
            subject=order_id,
            about=order_id,
            at=dt.datetime(2023, 7, 10, tzinfo=dt.UTC),
            order_id=order_id,
            version=version,
            inspection_id="b" * 24,
            finding_id="c" * 24,
            target_id=report["target_id"],
            fact="report",
            fact_id=report["report_id"],
            region=report["region"],
            amount=Decimal(amount),
            effective_on=dt.date(2023, 7, 1),
            reason="抽查未完工",
            ordered_by="inspector",
        )
        store = mongo.database(self.programme.config, "inspections")
        outbox = Outbox(store)
        outbox.ensure_indexes()
        mongo.transact(store, lambda session: outbox.add(session, [said]))
        orders = mongo.database(self.programme.config, "reports")["orders"]
        answered = {"_id": order_id, "version": version}
        until(lambda: orders.find_one(answered), seconds=30, what="reports has answered the order")
        return order_id


@pytest.fixture(scope="module")
def office(module_space: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    programme = Programme(module_space, tmp_path_factory.mktemp("reports"))
    try:
        programme.start("reports", "targets")
        programme.start("reports.relay", "inspections.relay", "targets.counting")
        found = Office(programme)
        yield found
        found.rpc.close()
    finally:
        programme.stop_all()


@pytest.fixture
def counted(office: Office) -> Any:
    """Waits until all that reports said is counted."""

    def heard() -> bool:
        status = office.rpc.call("targets", "status", timeout=30)
        seq = next(source["seq"] for source in status["sources"] if source["service"] == "reports")
        told = office.rpc.call("reports", "status", timeout=30)
        return bool(not told["unpublished"] and seq >= told["head_seq"])

    return lambda: until(heard, seconds=60, what="what reports said is counted")


def audit() -> subprocess.CompletedProcess[str]:
    return run("audit")


def test_a_figure_counts_when_a_second_person_accepts_it_and_a_correction_moves_it(
    office: Office, counted: Any
) -> None:
    filed = office.file(BOTH)
    counted()
    assert office.value() == 0
    with pytest.raises(ReporterReviewsOwn):
        office.accept(filed, BOTH)
    office.accept(filed)
    counted()
    assert (office.value(), office.value(region=COUNTY)) == (10, 10)
    assert (office.value(as_of="2023-03-30"), office.value(as_of="2023-03-31")) == (0, 10)

    corrected = office.file(cumulative="8", reason="两个小区重复计算")
    counted()
    assert office.value() == 10, "the accepted figure counts until the correction is accepted too"
    office.accept(corrected)
    office.accept(office.file(period="2023-05", cumulative="15"))
    counted()
    assert (office.value(), office.value(as_of="2023-04-30")) == (15, 8)
    entries = office.rpc.call("targets", "entries", "2.1", DISPATCHER, timeout=30)["items"]
    assert [Decimal(entry["value"]) for entry in entries] == [10, -2, 7], "undone only by another entry"


def test_parts_sums_stocks_and_decimals_count_as_the_plan_has_them(office: Office, counted: Any) -> None:
    office.accepted(target_id="4.1", cumulative="7.125")
    with pytest.raises(PartAboveWhole):
        office.accepted(target_id="4.2", cumulative="7.126")
    office.accepted(target_id="4.2", cumulative="3.5")
    for number, part in enumerate(("14.3", "14.4", "14.5", "14.6"), start=1):
        office.accepted(target_id=part, region="130202", cumulative=str(number))
    office.accepted(target_id="8.2", period="2022-12", cumulative="5")
    office.accepted(target_id="8.2", period="2023-02", cumulative="9")
    counted()
    assert (office.value("4.1"), office.value("4.2")) == (Decimal("7.125"), Decimal("3.5"))
    assert (office.value("14.2"), office.value("14.2", "130200"), office.value("14.6")) == (10, 10, 4)
    assert (office.value("8.2"), office.value("8.2", as_of="2022-12-31")) == (9, 5)


def test_an_inspections_order_lowers_the_count_and_lifting_it_restores_it(office: Office, counted: Any) -> None:
    report = office.accepted(target_id="5.5", cumulative="100")
    office.order(report, 30)
    counted()
    assert (office.value("5.5"), office.value("5.5", as_of="2023-06-30")) == (70, 100)
    office.order(report, 101, version=2)
    office.order(report, 30, version=3, lifted=True)
    office.order(report, 20, version=4)
    counted()
    assert office.value("5.5") == 80
    answers = [
        (row["event"]["data"]["order_version"], row["event"]["data"]["done"])
        for row in mongo.database(office.programme.config, "reports")["outbox"].find(
            {"event.type": "reports.withdrawal_answered"}
        )
    ]
    assert answers == [(1, True), (2, False), (3, True), (4, True)]


def test_the_audit_recounts_every_reported_figure_and_names_a_doctored_line(office: Office, counted: Any) -> None:
    counted()
    right = audit()
    assert right.returncode == 0, right.stdout + right.stderr
    assert "指标 14.2：由原始记录重新清点为 10" in right.stdout
    assert "指标 5.5：由原始记录重新清点为 80" in right.stdout
    assert "指标 4.1：由原始记录重新清点为 7.125" in right.stdout

    lines = mongo.database(office.programme.config, "reports")["lines"]
    one = lines.find_one({"target_id": "2.1", "period": "2023-05"})
    assert one is not None
    figure = "accepted.content.cumulative"
    lines.update_one({"_id": one["_id"]}, {"$set": {figure: "19"}})
    doctored = audit()
    lines.update_one({"_id": one["_id"]}, {"$set": {figure: "15"}})
    assert doctored.returncode == 1
    assert f"reports.lines {one['_id']}：与其最新事件不一致：figure" in doctored.stdout
    assert f"reports.lines {one['_id']}：审定数没有第二人的审核记录" in doctored.stdout
    assert "2.1/130102 在 130102 2023-05-31 应计 11，事件日志为 7" in doctored.stdout
    assert "河北省（130000）合计：公布 15，应为 19" in doctored.stdout

    deductions = mongo.database(office.programme.config, "reports")["deductions"]
    deductions.update_one({"target_id": "5.5"}, {"$set": {"amount": "0"}})
    assert "应为 100" in audit().stdout
    deductions.update_one({"target_id": "5.5"}, {"$set": {"amount": "20"}})
    assert audit().returncode == 0


def test_a_published_sum_that_was_typed_over_is_named(office: Office, counted: Any) -> None:
    counted()
    rollups = mongo.database(office.programme.config, "targets")["rollups"]
    rollups.update_one({"indicator": "14.2", "region": PROVINCE}, {"$inc": {"total": 5}})
    wrong = audit()
    rollups.update_one({"indicator": "14.2", "region": PROVINCE}, {"$inc": {"total": -5}})
    assert wrong.returncode == 1
    assert "河北省（130000）合计：公布 15，应为 10" in wrong.stdout
