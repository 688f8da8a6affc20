import datetime as dt
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

import plan
from contract import regions, reports
from contract.message import Event, Said
from contract.words import ReportStatus, WorkState
from runtime import config, mongo
from runtime.mongo import Store, transact
from runtime.places import Mark
from services.targets.copies.remarks import Remarks
from services.targets.counting import Counting
from services.targets.ledger.told import gathered
from services.targets.rules import rules as counting_rules
from services.targets.store import Counts
from tests.services.targets.builders import an_id
from tests.services.targets.reporting import a_report


@pytest.fixture
def store(space: dict[str, str]) -> Store:
    return mongo.database(config.read(space), "targets")


@pytest.fixture
def remarks(store: Store) -> Remarks:
    found = Remarks(store)
    found.ensure_indexes()
    return found


@pytest.fixture
def counting(space: dict[str, str], store: Store, remarks: Remarks) -> Counting:
    counts = Counts(store)
    counts.ensure_indexes()
    return Counting(counts, counting_rules(plan.read(config.read(space).plan_file)), "targets.reports", remarks)


def read(remarks: Remarks, indicator: str = "2.1", region: str = "130102", upto: str = "2023-12") -> Any:
    return remarks.read([indicator], [region], upto=upto).get((indicator, region))


def test_a_report_leaves_its_words_and_its_figure_together(counting: Counting, remarks: Remarks, store: Store) -> None:
    counting.handle(
        [a_report(figure=12, problems="征地未完成", next_steps="七月底前完成", evidence=3, started=20, completed=12)]
    )
    line = read(remarks)
    assert (line.problems, line.next_steps, line.evidence) == ("征地未完成", "七月底前完成", 3)
    assert (line.started, line.completed, line.inspected) == (20, 12, None)
    assert (line.status, line.filed_by, line.reviewed_by) == (ReportStatus.ACCEPTED, "reporter", "reviewer")
    assert Counts(store).values(["130000"], indicator="2.1", as_of=dt.date.max, known_at=None) == {"130000": 12}


def test_when_the_batch_cannot_be_written_neither_is_there(
    counting: Counting, remarks: Remarks, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError("no room")

    monkeypatch.setattr(Counts, "mark", full)
    with pytest.raises(OSError, match="no room"):
        counting.handle([a_report(figure=12), Mark("reports", 1, dt.datetime(2023, 7, 1, tzinfo=dt.UTC))])
    assert read(remarks) is None
    assert Counts(store).values(["130000"], indicator="2.1", as_of=dt.date.max, known_at=None) == {"130000": 0}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_newest_version_stands_in_whatever_order_they_come(
    remarks: Remarks, store: Store, order: tuple[int, ...]
) -> None:
    versions = [
        a_report(reports.ReportFiled, version=1, problems="一"),
        a_report(reports.ReportReturned, version=2, problems="二"),
        a_report(reports.ReportFiled, version=3, problems="三"),
    ]
    for at in order:
        keep(remarks, store, versions[at])
        keep(remarks, store, versions[at])
    line = read(remarks)
    assert (line.version, line.problems, line.status) == (3, "三", ReportStatus.FILED)


def keep(remarks: Remarks, store: Store, *said: Said) -> None:
    transact(store, lambda session: remarks.keep(said, session))


def test_the_ledger_of_a_month_does_not_show_what_later_months_said(remarks: Remarks, store: Store) -> None:
    keep(remarks, store, a_report(period="2023-05", problems="五月"), a_report(period="2023-07", problems="七月"))
    assert [
        read(remarks, upto=upto) and read(remarks, upto=upto).problems for upto in ("2023-04", "2023-06", "2023-07")
    ] == [
        None,
        "五月",
        "七月",
    ]


def test_only_what_was_accepted_colours_the_ledger(remarks: Remarks, store: Store) -> None:
    keep(remarks, store, a_report(period="2023-05", inspected=8, state="推进中"))
    filed = a_report(reports.ReportFiled, period="2023-06", inspected=50, state=None, problems="新")
    keep(remarks, store, filed)
    assert (read(remarks).problems, read(remarks).inspected, read(remarks).state) == ("新", 8, WorkState.UNDER_WAY)
    brief = remarks.briefs()["2.1"]["130102"]
    assert (brief.inspected, brief.state) == (Decimal(8), WorkState.UNDER_WAY)


def test_an_alias_of_a_region_is_the_region(remarks: Remarks, store: Store) -> None:
    keep(remarks, store, a_report(region="133101"))
    assert read(remarks, region=regions.get("133101").code) is not None
    assert regions.get("133101").code != "133101"


def test_a_deduction_says_nothing_and_leaves_nothing(remarks: Remarks, store: Store) -> None:
    said = Event.heard(
        reports.UnitsDeducted.said(
            id=an_id("deducted"),
            subject=an_id("deduction"),
            about="2.1/130102",
            at=dt.datetime(2023, 7, 1, tzinfo=dt.UTC),
            deduction_id=an_id("deduction"),
            version=1,
            target_id="2.1",
            region="130102",
            amount=Decimal(1),
            effective_on=dt.date(2023, 6, 30),
            report_id=an_id("report"),
        )
        | {"seq": 1}
    )
    keep(remarks, store, said)
    assert store["remarks"].count_documents({}) == 0


def test_a_region_above_repeats_the_first_few_texts_and_says_how_many_there_are(remarks: Remarks, store: Store) -> None:
    codes = ["130102", "130104", "130105", "130107"]
    keep(remarks, store, *(a_report(region=code, problems=f"{code}有问题", evidence=2, inspected=1) for code in codes))
    found = remarks.read(["2.1"], codes, upto="2023-12")
    told = gathered([(code, found["2.1", code]) for code in codes] + [("130108", None)], own=False)
    assert told.problems == "130102：130102有问题；130104：130104有问题；130105：130105有问题（共4地，其余略）"
    assert (told.evidence, told.inspected, told.filed_by) == (8, 4, None)
    assert gathered([("130108", None)], own=True).problems is None
