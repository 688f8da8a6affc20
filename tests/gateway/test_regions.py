"""The tree of regions, which everybody may have and nobody needs twice."""

from typing import Any

from contract import regions
from tests.gateway.callers import Caller


def test_the_tree_holds_the_province_its_units_and_their_counties(anybody: Caller) -> None:
    tree = anybody.get("/v1/regions").json
    assert tree["code"] == "130000"
    units = tree["children"]
    assert [unit["code"] for unit in units] == [unit.code for unit in regions.units()]
    places: list[dict[str, Any]] = [*units, *(county for unit in units for county in unit["children"])]
    assert sum(place["is_county"] for place in places) == 167
    (xiongan,) = [unit for unit in units if unit["code"] == "133100"]
    assert {county["name"] for county in xiongan["children"]} == {"雄县", "安新县", "容城县"}


def test_the_tree_is_cached_and_not_sent_again(anybody: Caller) -> None:
    first = anybody.get("/v1/regions")
    assert first.headers["Cache-Control"] == "public, max-age=3600"
    again = anybody.get("/v1/regions", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert anybody.get("/v1/regions?depth=1").status_code == 422
