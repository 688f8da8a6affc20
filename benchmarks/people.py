"""Synthetic certificates as certification says them, for any number of people."""

import datetime as dt
import hashlib
import json
import random
from collections.abc import Iterator
from typing import Any

from contract import certification as certified
from contract import regions
from contract.message import routing_key
from runtime.outbox import GENESIS, link

_BEGAN = dt.datetime(2023, 1, 1, tzinfo=dt.UTC)


def said(people: int) -> Iterator[dict[str, Any]]:
    """One certificate for each of ``people``, in every county, on every day of the plan year; as for the outbox."""
    rng = random.Random(people)
    counties = [region.code for region in regions.counties()]
    for number in range(1, people + 1):
        digest = hashlib.sha256(f"{people} {number}".encode()).hexdigest()
        certificate_id, person_key = digest[:24], digest[32:]
        yield certified.CertificateIssued.said(
            id=f"{number:024x}",
            subject=certificate_id,
            about=person_key,
            at=_BEGAN + dt.timedelta(seconds=number),
            traceparent=f"00-{digest[:32]}-{digest[:16]}-01",
            certificate_id=certificate_id,
            version=1,
            person_key=person_key,
            occupation="养老护理员",
            level=rng.choice("54321"),
            issued_on=dt.date(2023, 1, 1) + dt.timedelta(days=rng.randrange(365)),
            region=rng.choice(counties),
            status="valid",
            verification="未核验",
        )


def published(people: int) -> Iterator[dict[str, Any]]:
    """The same, as the relay sends them."""
    chain = GENESIS
    for seq, envelope in enumerate(said(people), 1):
        chain = link(chain, seq, envelope)
        yield envelope | {"seq": seq, "hash": chain}


def messages(people: int) -> list[tuple[str, bytes]]:
    """(routing key, body) as they cross the broker."""
    return [
        (routing_key(envelope), json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode())
        for envelope in published(people)
    ]
