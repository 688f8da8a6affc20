"""What training says settles a filing or a centre from the newest event alone, and tells of bodies, not of people."""

import datetime as dt
import json
from typing import Any

import pytest

from contract import training as public
from contract.message import Event

ASSESSOR: dict[str, Any] = {
    "assessor_id": "9" * 24,
    "version": 2,
    "assessor": "河北示例职业技能评价中心",
    "number_prefixes": ["Y999913000000", "Y999913000001"],
    "valid_from": dt.date(2022, 1, 1),
    "valid_until": dt.date(2024, 12, 31),
    "status": "filed",
}
CENTRE: dict[str, Any] = {
    "centre_id": "8" * 24,
    "version": 1,
    "centre": "石家庄示例培训学校",
    "region": "130102",
    "status": "open",
}


@pytest.mark.parametrize("event", public.EVENTS, ids=lambda event: event.name())
def test_what_is_said_of_filings_and_centres_is_what_is_heard(event: type[Event]) -> None:
    told = ASSESSOR if issubclass(event, public.AssessorEvent) else CENTRE
    at = dt.datetime(2023, 6, 1, tzinfo=dt.UTC)
    heard = Event.heard(
        json.loads(json.dumps(event.said(id="a" * 24, subject="9" * 24, about="9" * 24, at=at, **told)))
    )
    assert (heard.event, heard.service, heard.data) == (event, "training", told)
    assert event().fields.keys() == told.keys(), "a new field: say it here too"


@pytest.mark.parametrize("prefix", ["X999913000000", "Y99991300000", "Y9999130000001", "y999913000000"])
def test_a_prefix_of_another_shape_is_a_bug_at_the_writer(prefix: str) -> None:
    with pytest.raises(ValueError, match="cannot be read back"):
        public.AssessorFiled.write(**ASSESSOR | {"number_prefixes": [prefix]})
