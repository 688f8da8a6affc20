"""The target tree as clients see it: split, adjusted, read as of an instant, and names for those who may know them."""

from typing import Any

import pytest
from flask import Flask

from runtime.config import Config
from tests.gateway.allocations_refused import CITY, COUNTY, OTHER_CITY, TARGETS, a_split, an_adjustment
from tests.gateway.callers import Caller

pytestmark = pytest.mark.usefixtures("services")


@pytest.fixture
def dispatcher(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "dispatcher")


@pytest.fixture
def reviewer(app: Flask, settings: Config) -> Caller:
    return Caller(app, settings, "report-reviewer-130100")


def split(caller: Caller, id: str, *children: tuple[str, str], headers: Any = None, **said: Any) -> Any:
    return caller.post(f"{TARGETS}/{id}/allocations", json=a_split(*children, **said), headers=headers)


def test_a_target_is_split_down_to_the_counties_and_shows_in_progress(
    dispatcher: Caller, reviewer: Caller, anybody: Caller
) -> None:
    made = split(dispatcher, "12.1", (CITY, "600"), (OTHER_CITY, "500"), reserve="100")
    assert made.status_code == 200, made.text
    assert (made.json["gap"], made.headers["ETag"]) == ("1800", '"2"')
    onward = split(reviewer, "12.1", (COUNTY, "40"), region=CITY)
    assert (onward.status_code, onward.json["gap"]) == (200, "560")
    assert dispatcher.get(f"{TARGETS}/12.1/tree").json["children"][0]["gap"] == "560"
    shown = anybody.get(f"{TARGETS}/12.1?by=region").json
    assert (shown["target"], shown["children"][0]["target"]) == ("3000", "600")
    assert anybody.get(f"{TARGETS}/12.1?region={COUNTY}").json["target"] == "40"


def test_an_adjustment_is_public_beside_the_original_and_so_is_the_share_of_both(
    dispatcher: Caller, anybody: Caller
) -> None:
    adjusted = dispatcher.post(f"{TARGETS}/19.1/adjustments", json=an_adjustment("250", "130000"))
    assert adjusted.status_code == 200, adjusted.text
    shown = anybody.get(f"{TARGETS}/19.1").json
    assert (shown["target"], shown["adjusted_target"]) == ("200", "250")
    assert (shown["percent"], shown["percent_of_original"]) == ("0.00", "0.00")
    back = dispatcher.post(
        f"{TARGETS}/19.1/adjustments",
        json={"region": "130000", "adjusted": None, "reason": "撤回"},
        headers={"If-Match": adjusted.headers["ETag"]},
    )
    assert [one["action"] for one in back.json["history"]] == ["adjusted", "restored"]
    assert "percent_of_original" not in anybody.get(f"{TARGETS}/19.1").json


def test_who_read_an_older_tree_may_not_overwrite_a_newer(dispatcher: Caller) -> None:
    tag = dispatcher.get(f"{TARGETS}/6.1/tree").headers["ETag"]
    assert split(dispatcher, "6.1", (CITY, "100"), headers={"If-Match": tag}).status_code == 200
    late = split(dispatcher, "6.1", (CITY, "200"), reason="改", headers={"If-Match": tag})
    assert (late.status_code, late.json["code"], late.json["version"]) == (412, "allocation_changed", 2)


def test_the_same_key_splits_once(dispatcher: Caller) -> None:
    key = {"Idempotency-Key": "split-5.1"}
    first = split(dispatcher, "5.1", (CITY, "50"), headers=key)
    again = split(dispatcher, "5.1", (CITY, "50"), headers=key)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")
    assert dispatcher.get(f"{TARGETS}/5.1/tree").json["version"] == 2


def test_every_fault_of_a_split_is_named_at_once(dispatcher: Caller) -> None:
    refused = split(dispatcher, "3.1", (CITY, "22"), (COUNTY, "1"), ("130200", "1.5"), reserve="-1")
    assert refused.status_code == 422
    assert [(error["pointer"], error["code"]) for error in refused.json["errors"]] == [
        ("/reserve", "range"),
        ("/children/0/target", "at_most_one"),
        ("/children/1/region", "not_a_child"),
        ("/children/2/target", "decimals"),
    ]


def test_the_tree_needs_a_token_and_shows_ones_own_region(anybody: Caller, reviewer: Caller) -> None:
    assert anybody.get(f"{TARGETS}/12.1/tree").status_code == 401
    assert reviewer.get(f"{TARGETS}/12.1/tree").json["region"] == CITY
    assert reviewer.get(f"{TARGETS}/12.1/tree?region=130000").json["code"] == "node_not_found"


def test_a_tree_before_anything_was_decided_is_the_plans(dispatcher: Caller) -> None:
    then = dispatcher.get(f"{TARGETS}/12.1/tree?as_known_at=2023-01-01T00:00:00Z").json
    assert (then["target"], then["history"], then["allocated"]) == ("3000", [], None)


def test_names_are_for_who_reads_reports_and_never_public(
    dispatcher: Caller, reviewer: Caller, partner: Caller, anybody: Caller
) -> None:
    body = {
        "region": CITY,
        "lead": "石家庄市民政局",
        "principal": "王某某",
        "contact": "赵某",
        "contact_phone": "0311-86000000",
    }
    named = dispatcher.post(f"{TARGETS}/12.1/responsibles", json=body)
    assert (named.status_code, named.json["principal"]) == (200, "王某某"), named.text
    assert reviewer.get(f"{TARGETS}/12.1/responsibles").json["items"][0]["contact_phone"] == "0311-86000000"
    assert partner.get(f"{TARGETS}/12.1/responsibles").json["code"] == "scope_missing"
    assert anybody.get(f"{TARGETS}/12.1/responsibles").status_code == 401
    for path in (f"{TARGETS}/12.1", f"{TARGETS}/12.1?by=region", f"{TARGETS}/12.1/tree"):
        assert "王某某" not in partner.get(path).text


def test_what_has_no_number_has_responsibles_and_no_tree(dispatcher: Caller, anybody: Caller) -> None:
    found = dispatcher.get(f"{TARGETS}/16/responsibles").json["items"]
    assert (found[0]["lead"], len(found)) == ("省民政厅", 15)
    assert dispatcher.get(f"{TARGETS}/16/tree").json["code"] == "allocation_invalid"
    assert anybody.get(f"{TARGETS}/16").json["target"] is None
