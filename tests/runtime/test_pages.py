import pytest

from contract import regions
from contract.regions import RegionUnknown
from runtime.pages import beyond, in_region, nothing, paged, within_of

ITEMS = [{"id": "a"}, {"id": "b"}, {"id": "c"}]


def test_a_page_shows_no_more_than_its_limit_and_goes_on_after_the_last_that_it_shows() -> None:
    assert paged(ITEMS, 2, "id") == {"items": ITEMS[:2], "next": "b"}


@pytest.mark.parametrize("limit", [3, 4])
def test_the_last_page_leads_nowhere(limit: int) -> None:
    assert paged(ITEMS, limit, "id") == {"items": ITEMS, "next": None}
    assert paged([], limit, "id") == nothing()


def test_who_asks_for_no_region_looks_in_their_own() -> None:
    assert within_of("130100", None) == "130100"


def test_who_asks_for_a_region_looks_in_it_only_where_it_lies_in_their_own() -> None:
    assert within_of("130100", "130102") == "130102"
    assert within_of(regions.PROVINCE, "130100") == "130100"
    assert within_of("130100", "130200") is None
    assert within_of("130102", "130100") is None


def test_a_region_that_there_is_not_is_refused_rather_than_found_empty() -> None:
    with pytest.raises(RegionUnknown):
        within_of("130100", "990000")
    with pytest.raises(RegionUnknown):
        in_region("990000")


def test_a_region_is_looked_for_with_all_below_it_and_the_province_without_a_condition() -> None:
    assert in_region("130102") == {"region": {"$in": ["130102"]}}
    assert {"130100", "130102"} <= {*in_region("130100")["region"]["$in"]}
    assert in_region(regions.PROVINCE) == {}


def test_the_first_page_begins_at_the_beginning() -> None:
    assert (beyond(None), beyond("b")) == ({}, {"_id": {"$gt": "b"}})
