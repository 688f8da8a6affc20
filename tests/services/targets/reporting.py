"""Reports as `reports` would say them, with only what a test is about spelled out."""

import datetime as dt
from decimal import Decimal
from typing import Any

from contract import reports
from contract.message import Event, Said
from services.targets.ledger.outlook import month_end
from tests.services.targets.builders import an_id

_STATUS = {"ReportFiled": "filed", "ReportReturned": "returned", "ReportRejected": "rejected"}


def a_report(
    event: type[reports.ReportEvent] = reports.ReportAccepted,
    *,
    target: str = "2.1",
    region: str = "130102",
    period: str = "2023-06",
    version: int = 1,
    figure: int | str | None = 10,
    seq: int = 1,
    **said: Any,
) -> Said:
    """``figure``: cumulative at the end of ``period``."""
    assert issubclass(event, Event)
    line = f"{target}/{region}/{period}"
    effective_on = month_end(dt.date.fromisoformat(f"{period}-01"))
    amounts = {name: _decimal(said.pop(name, None)) for name in ("started", "completed", "inspected")}
    data = {
        "report_id": an_id(line),
        "version": version,
        "target_id": target,
        "region": region,
        "period": period,
        "effective_on": effective_on,
        "figure": _decimal(figure),
        "state": None,
        "status": _STATUS.get(event.__name__, "accepted"),
        "filed_on": effective_on + dt.timedelta(days=3),
        "filed_by": "reporter",
        "reviewed_by": "reviewer",
        "problems": None,
        "next_steps": None,
        "evidence": 1,
        **amounts,
        **said,
    }
    envelope = event.said(
        id=an_id(f"{event.__name__} {line} {version}"),
        subject=data["report_id"],
        about=f"{target}/{region}",
        at=dt.datetime.combine(data["filed_on"], dt.time(9), dt.UTC),
        **data,
    )
    return Event.heard(envelope | {"seq": seq})


def _decimal(amount: int | str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)
