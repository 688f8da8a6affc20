import datetime as dt
from typing import Any

import pytest
from pymongo.collection import Collection

from contract import regions
from contract.regions import RegionUnknown
from runtime import clock, config, mongo
from runtime.pages import SETTLES, in_region, nothing, paged, walk, within_of

Rows = Collection[dict[str, Any]]
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


@pytest.fixture
def rows(space: dict[str, str]) -> Rows:
    return mongo.database(config.read(space), "things")["things"]


class Follower:
    """Goes on from where it was, and looks again at the last page, which has no next."""

    def __init__(self, rows: Rows, *, limit: int, after: dt.timedelta = dt.timedelta(0)) -> None:
        self._rows, self._limit, self._after = rows, limit, after
        self._cursor: str | None = None
        self.seen: list[str] = []

    def look(self) -> None:
        while True:
            page = walk(self._rows, {}, after=self._cursor, limit=self._limit, now=lambda: clock.now() + self._after)
            self.seen += [row["_id"] for row in page]
            if page.next is None:
                return
            self._cursor = page.next


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_who_follows_a_list_sees_what_is_committed_late_under_an_earlier_id(rows: Rows, limit: int) -> None:
    ids = [mongo.new_id() for _ in range(6)]
    rows.insert_one({"_id": ids[0]})
    follower = Follower(rows, limit=limit)
    with rows.database.client.start_session() as session, session.start_transaction():
        rows.insert_one({"_id": ids[1]}, session=session)
        rows.insert_many([{"_id": id} for id in ids[2:5]])
        follower.look()
        assert {*follower.seen} == {ids[0], *ids[2:5]}
    rows.insert_one({"_id": ids[5]})
    follower.look()
    assert {*follower.seen} == {*ids}


@pytest.mark.parametrize("age", [0, SETTLES - 60, SETTLES + 60])
def test_what_nobody_disturbs_is_seen_once_in_the_order_of_its_ids(rows: Rows, age: int) -> None:
    ids = [mongo.new_id() for _ in range(25)]
    rows.insert_many([{"_id": id} for id in ids])
    follower = Follower(rows, limit=4, after=dt.timedelta(seconds=age))
    follower.look()
    assert follower.seen == ids


def test_a_cursor_of_before_0_3_goes_on(rows: Rows) -> None:
    ids = [mongo.new_id() for _ in range(3)]
    rows.insert_many([{"_id": id} for id in ids])
    assert [row["_id"] for row in walk(rows, {}, after=ids[0], limit=10)] == ids[1:]
