"""Progress is everybody's, its proof needs a token, and who polls is not told twice."""

from collections.abc import Iterator

import pytest

from contract import regions
from tests.builders import a_certificate
from tests.gateway.callers import COUNTING, Caller
from tests.programme import Programme

URL = "/v1/targets"


@pytest.fixture(scope="module", autouse=True)
def counting(services: Programme) -> Iterator[Programme]:
    services.start(*COUNTING)
    yield services
    for name in reversed(COUNTING):
        services.stop(name)


def test_a_posted_certificate_moves_the_count_of_county_unit_and_province(
    centre: Caller, partner: Caller, anybody: Caller, counting: Programme
) -> None:
    places = ("130000", "130100", "130102")

    def values() -> list[int]:
        return [int(partner.get(f"{URL}/12.1?region={place}").json["value"]) for place in places]

    before = values()
    for seed in (20_000, 20_001):
        assert centre.post("/v1/certificates", json=a_certificate(seed)).status_code == 201
    counting.settle()
    assert values() == [value + 2 for value in before]
    county = anybody.get(f"{URL}/12.1?region=130102")
    assert county.json["value"] is None, "two persons of a county are too few to be shown to the public"
    assert "Authorization" in county.headers["Vary"]


def test_anybody_sees_progress_with_everything_that_it_must_say(anybody: Caller) -> None:
    answer = anybody.get(f"{URL}/12.1")
    assert answer.status_code == 200, answer.text
    assert answer.json.keys() >= {
        "id", "name", "unit", "comparator", "target", "adjusted_target", "value", "percent", "pace", "status",
        "region", "as_of", "known_at", "sources", "lag_seconds",
    }  # fmt: skip
    assert (answer.json["id"], answer.json["region"]) == ("12.1", "130000")
    listed = [target["id"] for target in anybody.get(URL).json["items"]]
    assert (listed[0], len(listed)) == ("1.1", 42), "every indicator, in the plan's order, also those without a number"


def test_progress_is_broken_down_by_region_and_by_month(anybody: Caller) -> None:
    by_region = anybody.get(f"{URL}/12.1?by=region").json
    assert [child["region"] for child in by_region["children"]] == [unit.code for unit in regions.units()]
    by_month = anybody.get(f"{URL}/12.1?by=month").json
    assert all(month["month"].startswith("2023-") for month in by_month["series"])
    refused = anybody.get(f"{URL}/12.1?by=sex")
    assert (refused.status_code, refused.json["code"]) == (422, "breakdown_unknown")
    assert [error["pointer"] for error in refused.json["errors"]] == ["/query/by"]


def test_who_polls_an_unchanged_number_gets_a_304_that_may_be_cached(anybody: Caller) -> None:
    for path in (URL, f"{URL}/12.1", f"{URL}/12.1?region=130100&by=region"):
        first = anybody.get(path)
        assert "public" in first.headers["Cache-Control"]
        again = anybody.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), path
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


def test_a_new_certificate_changes_the_tag(centre: Caller, anybody: Caller, counting: Programme) -> None:
    tag = anybody.get(f"{URL}/12.1").headers["ETag"]
    assert centre.post("/v1/certificates", json=a_certificate(20_010)).status_code == 201
    counting.settle()
    assert anybody.get(f"{URL}/12.1", headers={"If-None-Match": tag}).status_code == 200


def test_the_proof_is_paged_and_adds_up(centre: Caller, partner: Caller, anybody: Caller, counting: Programme) -> None:
    assert centre.post("/v1/certificates", json=a_certificate(20_020)).status_code == 201
    counting.settle()
    assert anybody.get(f"{URL}/12.1/entries").status_code == 401
    entries, path = [], f"{URL}/12.1/entries?limit=2"
    while path:
        page = partner.get(path).json
        entries += page["items"]
        path = f"{URL}/12.1/entries?limit=2&after={page['next']}" if page["next"] else ""
    assert len({entry["id"] for entry in entries}) == len(entries)
    assert sum(int(entry["value"]) for entry in entries) == int(anybody.get(f"{URL}/12.1").json["value"])
    assert partner.get(f"{URL}/12.1/entries?limit=1001").status_code == 422
    assert partner.get(f"{URL}/99.9/entries").json["code"] == "target_not_found"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("as_of=2023-13-01", "/query/as_of"),
        ("as_of=20231031", "/query/as_of"),
        ("known_at=2023-10-31", "/query/known_at"),
        ("known_at=2023-10-31T00:00:00", "/query/known_at"),
        ("region=hebei", "/query/region"),
        ("page=2", "/query/page"),
    ],
)
def test_a_malformed_question_is_refused_naming_the_parameter(anybody: Caller, query: str, pointer: str) -> None:
    refused = anybody.get(f"{URL}/12.1?{query}")
    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]


def test_the_two_clocks_are_handed_on(anybody: Caller) -> None:
    then = anybody.get(f"{URL}/12.1?as_of=2023-10-31&known_at=2023-11-01T08:00:00%2B08:00").json
    assert (then["as_of"], then["known_at"], then["value"]) == ("2023-10-31", "2023-11-01T00:00:00.000Z", "0")


def test_what_is_no_indicator_is_not_there(anybody: Caller) -> None:
    assert anybody.get(f"{URL}/99.9").json["code"] == "target_not_found"
    assert anybody.get(f"{URL}/twelve").json["code"] == "path_not_found"
    assert anybody.get(f"{URL}/12.1?region=999999").json["code"] == "region_unknown"
