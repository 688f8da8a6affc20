"""Inspections, samples and findings, with only what a test is about spelled out."""

import datetime as dt
import hashlib
import io
from decimal import Decimal
from typing import Any

from contract import certification, targets
from contract.inspections import CountedFact, Outcome
from contract.message import Event, Said
from contract.words import Role
from gateway import scopes
from runtime import clock
from runtime.config import Config
from runtime.files import Files
from services.inspections.domain import Unit
from services.inspections.evidence import Proof
from services.inspections.findings import domain as findings
from services.inspections.findings.domain import Finding
from services.inspections.service import Inspections
from tests.organisations import organisation_of

TODAY = dt.date(2023, 8, 1)
PROOF = Proof("f" * 24, "0" * 64, "现场核查记录")


def an_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]


def noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), clock.SHANGHAI).astimezone(dt.UTC)


def an_actor(role: Role, name: str = "", *, region: str = "130000", organisation: str = "") -> dict[str, Any]:
    return {
        "client_id": name or role.value,
        "role": role.value,
        "region": region,
        "organisation": organisation or organisation_of(role, region),
        "scopes": list(scopes.OF_ROLE[role]),
    }


INSPECTOR = an_actor(Role.INSPECTOR, "inspector")
INSPECTOR_2 = an_actor(Role.INSPECTOR, "inspector-2")
CITY_INSPECTOR = an_actor(Role.INSPECTOR, "inspector-130200", region="130200")
DISPATCHER = an_actor(Role.DISPATCHER)
REPORTER = an_actor(Role.REPORTER, "reporter-130102", region="130102")
PARTNER = an_actor(Role.PARTNER)


def a_plan(**changes: Any) -> dict[str, Any]:
    """The command."""
    command = {
        "title": "养老护理员持证情况督导",
        "target_id": "12.1",
        "region": "130100",
        "size": 3,
        "seed": "二〇二三年第一次",
        "members": ["督导一组"],
    }
    return {name: value for name, value in (command | changes).items() if value is not None}


def a_unit(number: int = 1, **changes: Any) -> Unit:
    given: dict[str, Any] = {
        "inspection_id": an_id("inspection"),
        "number": number,
        "subject": hashlib.sha256(str(number).encode()).hexdigest()[:32],
        "fact": CountedFact.CERTIFICATE,
        "fact_id": an_id(f"fact {number}"),
        "region": "130102",
        "amount": Decimal(1),
        "on": dt.date(2023, 5, 1),
    }
    return Unit(**(given | changes))


def a_finding(unit: Unit | None = None, **changes: Any) -> Finding:
    given: dict[str, Any] = {
        "finding_id": an_id("finding"),
        "target_id": "12.1",
        "outcome": Outcome.NOT_FOUND,
        "text": "现场未找到证书原件",
        "amount": None,
        "evidence": (PROOF,),
        "due_on": None,
        "default_days": 15,
        "today": TODAY,
        "at": noon(TODAY),
        "by": "inspector",
    }
    return findings.record(unit or a_unit(), **(given | changes))


def mended(finding: Finding, *, by: str = "reporter", day: dt.date = TODAY) -> Finding:
    return findings.mend(finding, text="已补齐", evidence=(PROOF,), at=noon(day), by=by)


def rechecked(finding: Finding, *, passed: bool = True, by: str = "inspector-2", day: dt.date = TODAY) -> Finding:
    return findings.recheck(
        finding,
        passed=passed,
        text="复查",
        evidence=(),
        due_on=None,
        default_days=15,
        today=day,
        at=noon(day),
        by=by,
    )


def a_sample(inspection: dict[str, Any], units: int = 3, *, fact: str = "certificate", amount: str = "1") -> Said:
    """SampleDrawn, as targets says it."""
    drawn = [
        {
            "subject": a_unit(number).subject,
            "fact": fact,
            "fact_id": an_id(f"{inspection['inspection_id']} {number}"),
            "region": "130102" if number % 2 else "130104",
            "amount": amount,
            "on": "2023-05-01",
        }
        for number in range(1, units + 1)
    ]
    return said(
        targets.SampleDrawn,
        inspection_id=inspection["inspection_id"],
        target_id=inspection["target_id"],
        region=inspection["region"],
        as_of=dt.date.fromisoformat(inspection["as_of"]),
        seed=inspection["seed"],
        frame_size=100,
        frame_digest="0" * 64,
        units=drawn,
    )


def an_answer(
    order: dict[str, Any], *, done: bool = True, reason: str | None = None, version: int | None = None
) -> Said:
    """WithdrawalAnswered, as certification says it."""
    return said(
        certification.WithdrawalAnswered,
        order_id=order["order_id"],
        order_version=version or order["order_version"],
        done=done,
        reason=reason,
    )


def said(event: type[Event], **data: Any) -> Said:
    envelope = event.said(id=an_id(repr(data)), subject="s", about="s", at=noon(TODAY), **data)
    return Event.heard(envelope | {"seq": 1})


def handed_in(settings: Config, title: str = "现场核查记录") -> dict[str, str]:
    """A file of ours, as a command names it."""
    stored = Files(settings).write(io.BytesIO(title.encode()), filename="a.pdf", limit=1000)
    return {"file_id": stored.file_id, "sha256": stored.sha256, "title": title}


def what_was_found(sampled: dict[str, Any], proof: list[dict[str, str]], **changes: Any) -> dict[str, Any]:
    """The command."""
    command = {
        "inspection_id": sampled["inspection_id"],
        "unit": 1,
        "outcome": "not_found",
        "text": "现场未找到证书原件",
        "evidence": proof,
    }
    return command | changes


def pass_it(service: Inspections, finding: dict[str, Any], proof: list[dict[str, str]]) -> dict[str, Any]:
    told = {"finding_id": finding["finding_id"], "text": "已补齐"}
    service.record_rectification(told | {"evidence": proof}, REPORTER)
    return service.recheck(told | {"passed": True}, INSPECTOR)
