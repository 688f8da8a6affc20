"""A year as targets hears of it, without the broker: reports are counted, rounds closed, snapshots locked."""

import datetime as dt
from decimal import Decimal
from typing import Any

import plan as plans
from contract import reports
from contract.message import Event, Said
from contract.words import ReportStatus
from runtime import clock, mongo
from runtime.config import Config
from runtime.places import Mark
from services.targets.copies.remarks import Remarks
from services.targets.copies.rounds import Rounds
from services.targets.counting import Counting
from services.targets.rules import rules
from services.targets.snapshots.job import Locking
from services.targets.snapshots.store import Snapshots
from services.targets.store import LISTENED_TO, Counts
from tests.services.targets.builders import an_id

CLOSED_AT = dt.datetime(2023, 11, 8, 2, tzinfo=dt.UTC)


class Year:
    """``tell`` gives each event of reports the next place in its log."""

    def __init__(self, settings: Config) -> None:
        self.plan = plans.read(settings.plan_file)
        self.store = mongo.database(settings, "targets")
        self.counts = Counts(self.store)
        self.counts.ensure_indexes()
        self.rounds = Rounds(self.store)
        self.snapshots = Snapshots(self.store)
        self.locking = Locking(self.store, self.plan)
        self._counting = Counting(self.counts, rules(self.plan), "targets.reports")
        self._counting = Counting(self.counts, rules(self.plan), "targets.reports", Remarks(self.store))
        self._versions: dict[str, int] = {}
        self.seq = 0

    def report(
        self, target_id: str, region: str, figure: int | str | None, period: str = "2023-10", **said: Any
    ) -> Said:
        """An accepted line; told again for the same line, a correction of it."""
        line = f"{target_id}/{region}/{period}"
        version = self._versions[line] = self._versions.get(line, 0) + 1
        year, month = int(period[:4]), int(period[5:])
        data = {
            "report_id": an_id(line),
            "version": version,
            "target_id": target_id,
            "region": region,
            "period": period,
            "effective_on": dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1),
            "figure": None if figure is None else Decimal(figure),
            "state": None,
            "status": ReportStatus.ACCEPTED,
            "filed_on": dt.date(2023, 11, 2),
            "filed_by": "reporter",
            "reviewed_by": "reviewer",
            "evidence": 1,
            **said,
        }
        heard = self._said(reports.ReportAccepted, f"{line}/{version}", data)
        self._counting.handle([heard])
        return heard

    def close(self, name: str = "十月", *, period: str = "2023-10", number: int = 10, **said: Any) -> str:
        """The round's id. What is to be heard before its snapshot is locked still has to be."""
        year, month = int(period[:4]), int(period[5:])
        as_of = dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(days=1)
        data = {
            "round_id": an_id(name),
            "version": 2,
            "number": number,
            "period": period,
            "as_of": as_of,
            "opens_on": as_of + dt.timedelta(days=1),
            "due_on": as_of + dt.timedelta(days=7),
            "closed_at": CLOSED_AT,
            **said,
        }
        self.rounds.hear(self._said(reports.RoundClosed, name, data))
        return an_id(name)

    def caught_up(self, *besides: str) -> None:
        """Every queue has brought a watermark of now, except those of the services ``besides``."""
        at = clock.now()
        for service, queues in LISTENED_TO.items():
            if service not in besides:
                for queue in queues:
                    mark = Mark(service, self.seq if service == "reports" else 0, at)
                    Counting(self.counts, [], queue).handle([mark])

    def _said(self, event: type[Event], name: str, data: dict[str, Any]) -> Said:
        self.seq += 1
        envelope = event.said(
            id=an_id(f"{event.__name__}/{name}"), subject=an_id(name), about=an_id(name), at=CLOSED_AT, **data
        )
        return Event.heard(envelope | {"seq": self.seq, "hash": "0"})
