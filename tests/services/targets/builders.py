"""Facts and events as certification would say them, with only what a test is about spelled out."""

import datetime as dt
import hashlib
from typing import Any

from contract import certification as certified
from contract.message import Event, Said
from services.targets.domain import Cause, Fact, Rule

RULE = Rule(indicator="12.1", year=2023, fact="certificate", kinds=frozenset({"养老护理员"}))


def an_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def a_person(name: str) -> str:
    return hashlib.sha256(f"person {name}".encode()).hexdigest()[:32]


def a_fact(certificate: str = "one", version: int = 1, **said: Any) -> Fact:
    return Fact(
        **{
            "fact_id": an_id(certificate),
            "version": version,
            "fact": "certificate",
            "kind": "养老护理员",
            "grade": "5",
            "on": dt.date(2023, 5, 1),
            "region": "130102",
            "status": "valid",
            "verification": "未核验",
            **said,
            "since": said.get("since", said.get("on", dt.date(2023, 5, 1))),
        }
    )


def a_cause(seq: int = 1) -> Cause:
    return Cause(
        event_id=an_id(f"event {seq}"),
        event="certification.certificate_issued",
        service="certification",
        seq=seq,
        recorded_at=dt.datetime(2023, 6, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=seq),
    )


def an_envelope(
    event: type[certified.CertificateEvent] = certified.CertificateIssued,
    *,
    person: str = "甲",
    certificate: str = "one",
    version: int = 1,
    seq: int | None = None,
    at: dt.datetime = dt.datetime(2023, 6, 1, tzinfo=dt.UTC),
    **said: Any,
) -> dict[str, Any]:
    """The envelope as the outbox gets it, or with ``seq`` as the relay publishes it."""
    data = {
        "certificate_id": an_id(certificate),
        "version": version,
        "person_key": a_person(person),
        "occupation": "养老护理员",
        "level": "5",
        "issued_on": dt.date(2023, 5, 1),
        "region": "130102",
        "status": "valid",
        "verification": "未核验",
        **said,
    }
    assert issubclass(event, Event)
    envelope = event.said(
        id=an_id(f"{event.__name__} {certificate} {version} {person}"),
        subject=data["certificate_id"],
        about=data["person_key"],
        at=at,
        **data,
    )
    return envelope if seq is None else envelope | {"seq": seq}


def a_said(*args: Any, **kwargs: Any) -> Said:
    return Event.heard(an_envelope(*args, **{"seq": 1, **kwargs}))
