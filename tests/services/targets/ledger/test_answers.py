"""Who may ask for which rows; no store is needed to say so."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

import plan
from contract.actor import Actor
from contract.ledger import LedgerNotFound, LedgerPeriodOutside
from contract.targets import BreakdownUnknown, DetailNotPublic
from services.targets.ledger.answers import Answers, Asked

PLAN = plan.read(Path("plan/hebei-2023.toml"))
TODAY = dt.date(2023, 7, 1)


def an_actor(**changes: Any) -> Actor:
    known = {
        "client_id": "c",
        "role": "dispatcher",
        "region": "130100",
        "organisation": "石家庄市发展改革委",
        "scopes": ["targets:read"],
    }
    return Actor.of(known | changes)


def asked(actor: Actor | None = None, today: dt.date = TODAY, **said: str) -> Asked:
    answers = Answers(PLAN, None, None)  # type: ignore[arg-type]
    return answers.asked(said, actor or an_actor(), today=today)


def to_the_public(**said: str) -> Asked:
    return Answers(PLAN, None, None).asked(said, None, today=TODAY)  # type: ignore[arg-type]


def test_without_a_region_it_is_ones_own_and_the_provinces_for_the_public() -> None:
    assert asked().codes == ("130100",)
    assert to_the_public().codes == ("130000",)
    assert len(asked(by="region").codes) == 22


@pytest.mark.parametrize("region", ["130000", "130200", "130202"])
def test_a_region_outside_the_subtree_is_not_there(region: str) -> None:
    with pytest.raises(LedgerNotFound):
        asked(region=region)


def test_the_month_is_that_of_the_day_and_after_the_year_its_last() -> None:
    assert asked().period == "2023-07"
    assert asked(as_of="2023-05-09").period == "2023-05"
    assert asked(today=dt.date(2026, 1, 1)).period == "2023-12"
    assert asked(period="2023-03").period == "2023-03"


@pytest.mark.parametrize("said", [{"period": "2022-12"}, {"as_of": "2022-12-31"}])
def test_before_the_plans_year_there_is_no_ledger(said: dict[str, str]) -> None:
    with pytest.raises(LedgerPeriodOutside):
        asked(**said)


def test_a_department_asks_for_its_own_items_only() -> None:
    roads = an_actor(role="reporter", region="130000", organisation="省交通运输厅")
    assert asked(roads).indicators == ("4.1", "4.2")
    leads = an_actor(region="130000", organisation="省发展改革委")
    assert len(asked(leads).indicators) == len(PLAN.indicators), (
        "who leads the plan sees all of it, though it owns a part"
    )
    for said in ({"item": "12"}, {"department": "省民政厅"}):
        with pytest.raises(LedgerNotFound):
            asked(roads, **said)


def test_names_are_for_who_may_read_reports() -> None:
    assert not asked().names
    assert asked(an_actor(scopes=["targets:read", "reports:read"])).names
    assert not to_the_public().names


@pytest.mark.parametrize("said", [{"as_of": "2023-05-01"}, {"period": "2023-05"}])
def test_the_public_sees_the_ledger_as_it_is_now(said: dict[str, str]) -> None:
    with pytest.raises(DetailNotPublic):
        to_the_public(**said)


def test_it_is_broken_down_by_region_only() -> None:
    with pytest.raises(BreakdownUnknown):
        asked(by="month")
