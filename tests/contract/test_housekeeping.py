"""What housekeeping says of awards: countable from the newest event alone, and of nobody in particular."""

import datetime as dt
import json
from typing import Any

import pytest
from marshmallow import EXCLUDE

from contract import housekeeping as public
from contract import shortcut
from contract.errors import Invalid
from contract.message import Event

TOLD = {
    "award_id": "9" * 24,
    "version": 2,
    "subject_kind": "base",
    "subject_key": "2" * 24,
    "region": "130102",
    "stars": 3,
    "awarded_on": dt.date(2023, 5, 10),
    "effective_on": dt.date(2023, 6, 1),
    "valid_until": dt.date(2026, 5, 9),
    "status": "valid",
    "recognised_by": "province",
}


@pytest.mark.parametrize("event", public.EVENTS, ids=lambda event: event.name())
def test_what_is_said_of_an_award_is_what_is_heard(event: type[public.AwardEvent]) -> None:
    at = dt.datetime(2023, 6, 1, tzinfo=dt.UTC)
    said = event.said(id="a" * 24, subject="9" * 24, about="2" * 24, at=at, **TOLD)
    heard = Event.heard(json.loads(json.dumps(said)))
    assert heard.event is event
    assert heard.service == "housekeeping"
    assert heard.data == TOLD
    assert shortcut.of(event(unknown=EXCLUDE))(said["data"]) == TOLD, "read the long way: give the field a shortcut"


@pytest.mark.parametrize("event", public.EVENTS, ids=lambda event: event.name())
def test_no_award_event_has_a_place_for_a_name_or_a_reason(event: type[public.AwardEvent]) -> None:
    personal = {"name", "unit", "phone", "document_number", "award_number", "reason", "plaque"}
    assert not personal & event().fields.keys()


PERSON = {"name": "欧阳一苇"}
FUSAO: dict[str, Any] = {**PERSON, "document_number": "130102199001019999", "employer": "2" * 24, "skills": []}


@pytest.mark.parametrize("phone", ["0", "1", "无", "call me", "15400"])
def test_a_telephone_number_has_the_form_of_one(phone: str) -> None:
    correction = {"base_id": "2" * 24, "reason": "更正", "legal_representative": {**PERSON, "phone": phone}}
    with pytest.raises(Invalid) as refused:
        public.CorrectBase.read(correction)
    assert [error["pointer"] for error in refused.value.errors] == ["/legal_representative/phone"]
    with pytest.raises(Invalid) as refused:
        public.RegisterFusao.read(FUSAO | {"phone": phone})
    assert [error["pointer"] for error in refused.value.errors] == ["/phone"]


def test_a_number_of_before_its_form_was_asked_for_is_still_revealed() -> None:
    person = {"name": "欧阳一苇", "document_type": None, "document_number": None}
    assert public.RevealedSubject.write(phone="0", **person)["phone"] == "0"
