"""Who may ask for which rows; no store is needed to say so."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

import plan
from contract.actor import Actor
from contract.ledger import LedgerNotFound, LedgerPeriodOutside
from contract.sight import View
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


def views(found: Asked) -> set[View]:
    return {found.sight.view(id, code) for id in found.indicators for code in found.codes}


@pytest.mark.parametrize("region", ["130000", "130200", "130202"])
def test_a_region_outside_the_subtree_is_seen_as_the_public_sees_it(region: str) -> None:
    assert views(asked(region=region)) == views(to_the_public(region=region)) == {View.PUBLIC}
    with pytest.raises(DetailNotPublic):
        asked(region=region, as_of="2023-05-01")
    assert views(asked(region="130102", as_of="2023-05-01")) == {View.NUMBERS}
    with pytest.raises(LedgerNotFound):
        Answers(PLAN, None, None).own(asked(region=region))  # type: ignore[arg-type]


def test_the_month_is_that_of_the_day_and_after_the_year_its_last() -> None:
    assert asked().period == "2023-07"
    assert asked(as_of="2023-05-09").period == "2023-05"
    assert asked(today=dt.date(2026, 1, 1)).period == "2023-12"
    assert asked(period="2023-03").period == "2023-03"


@pytest.mark.parametrize("said", [{"period": "2022-12"}, {"as_of": "2022-12-31"}])
def test_before_the_plans_year_there_is_no_ledger(said: dict[str, str]) -> None:
    with pytest.raises(LedgerPeriodOutside):
        asked(**said)


def test_a_department_sees_its_own_items_in_detail_and_the_others_as_the_public_does() -> None:
    roads = an_actor(role="reporter", region="130000", organisation="省交通运输厅")
    detailed = asked(roads, as_of="2023-05-01").indicators
    assert detailed == ("4.1", "4.2")
    everything = asked(roads)
    assert everything.indicators == to_the_public().indicators
    assert {id for id in everything.indicators if everything.sight.view(id, "130102") > View.PUBLIC} == {*detailed}
    leads = an_actor(region="130000", organisation="省发展改革委")
    assert len(asked(leads).indicators) == len(PLAN.indicators), (
        "who leads the plan sees all of it, though it owns a part"
    )
    for said in ({"item": "12"}, {"department": "省民政厅"}):
        assert views(asked(roads, **said)) == {View.PUBLIC}
        with pytest.raises(DetailNotPublic):
            asked(roads, **said, period="2023-05")
    with pytest.raises(LedgerNotFound):
        asked(roads, item="77")


def test_texts_and_names_are_for_who_may_read_reports() -> None:
    assert asked().sight.most is View.NUMBERS
    assert asked(an_actor(scopes=["targets:read", "reports:read"])).sight.most is View.WORK
    assert to_the_public().sight.most is View.PUBLIC


@pytest.mark.parametrize("role", ["training_centre", "applicant", "reviewer"])
def test_who_has_nothing_to_do_with_the_work_sees_the_publics_ledger_whatever_the_token_says(role: str) -> None:
    stranger = an_actor(role=role, scopes=["targets:read", "reports:read"])
    assert views(asked(stranger)) == {View.PUBLIC}


@pytest.mark.parametrize("said", [{"as_of": "2023-05-01"}, {"period": "2023-05"}])
def test_the_public_sees_the_ledger_as_it_is_now(said: dict[str, str]) -> None:
    with pytest.raises(DetailNotPublic):
        to_the_public(**said)


def test_it_is_broken_down_by_region_only() -> None:
    with pytest.raises(BreakdownUnknown):
        asked(by="month")
