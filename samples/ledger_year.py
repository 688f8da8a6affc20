"""The sample ledger played by offices through the API: targets are split, figures filed in workbooks and accepted by a
second person, October's round is opened, reminded and closed, and a bulletin of its snapshot drafted, reviewed and
signed.

    from samples import ledger_year
    told = ledger_year.play(offices, sample)    # None when the bulletin is there already

What an earlier play that was ended has done already is not done again. Time of reports and targets is set to the days
of the plan's year as it goes on, which production refuses, and is put right at the end, whatever happens.
"""

import datetime as dt
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from contract import regions
from contract.words import ReportStatus
from samples import ledger_form
from samples.ledger import ABOVE_WHOLE, DOCUMENT, LATE, RETURNED, Line, Sample
from samples.ledger_form import Proof

Doc = dict[str, Any]

DISPATCHER = "dispatcher"
SERVICES = ("reports", "targets")  # whose time is set
_STEPS: tuple[tuple[str, str, str, Doc], ...] = (  # of a bulletin that is in this state: who does what
    ("draft", "dispatcher-2", "reviews", {"decision": "pass"}),
    ("reviewed", "dispatcher-3", "issuance", {}),
)
_GONE = ("discarded", "failed")
_AT_ONCE = 4  # offices; more would only wait for one another on two cores
_NOON = dt.time(4, tzinfo=dt.UTC)  # in China
_SECONDS = 120.0
_PAGE = 500


class Stuck(Exception):
    """What was waited for did not come."""


class Offices(Protocol):
    """Clients of the API, by their ids. Refused is whatever the caller raises for a problem document."""

    def get(self, client: str, path: str, **query: Any) -> Doc: ...

    def post(self, client: str, path: str, said: Doc) -> Doc: ...

    def upload(self, client: str, path: str, filename: str, content: bytes) -> Doc: ...

    def download(self, client: str, path: str, **query: Any) -> bytes: ...

    def set_time(self, service: str, instant: str | None) -> None: ...

    def done(self, steps: int) -> None:
        """So many more of ``steps`` are done."""


@dataclass(frozen=True)
class Told:
    """``round`` as it was closed, ``bulletin`` as it was issued, ``refused`` rows of the workbooks."""

    round: Doc
    bulletin: Doc
    refused: list[Doc]


def steps(sample: Sample) -> int:
    """How many times ``done`` counts: for each line that is filed, each that is accepted, each split, and the end."""
    return 2 * len(sample.lines) + len(sample.splits) + 3


def reporter(unit: str) -> str:
    return f"reporter-{unit}"


def reviewer(unit: str) -> str:
    return f"report-reviewer-{unit}"


def play(offices: Offices, sample: Sample) -> Told | None:
    """Raises Stuck."""
    if _issued(offices, sample):
        return None
    try:
        return _Year(offices, sample).play()
    finally:
        for service in SERVICES:
            offices.set_time(service, None)


def _issued(offices: Offices, sample: Sample) -> bool:
    round = _round(offices, sample)
    if round is None or round["closed_at"] is None:
        return False
    listed = offices.get(DISPATCHER, "/v1/bulletins", limit=100)["items"]
    return any(one["round_id"] == round["round_id"] and one["state"] == "done" for one in listed)


def _round(offices: Offices, sample: Sample) -> Doc | None:
    found = offices.get(DISPATCHER, "/v1/rounds", limit=100)["items"]
    return next((one for one in found if one["period"] == sample.period and one["cancelled_at"] is None), None)


class _Year:
    def __init__(self, offices: Offices, sample: Sample) -> None:
        self._offices = offices
        self._sample = sample
        self._units = [unit.code for unit in regions.units()]
        self._refused: list[Doc] = []

    def play(self) -> Told:
        sample, year = self._sample, self._sample.plan.year
        self._come(dt.date(year, 1, 20))
        for id in sample.splits:
            self._split(id)
        self._come(dt.date(year, 1, 31))
        self._each(self._units, lambda unit: self._hand_in(unit, sample.baseline))
        self._of_province(sample.baseline)
        self._come(dt.date(year, 10, 9))
        self._each(self._units, lambda unit: self._hand_in(unit, sample.earlier))
        self._of_province(sample.earlier)
        self._come(dt.date(year, 11, 1))
        round = _round(self._offices, sample) or self._post(DISPATCHER, "/v1/rounds", {"period": sample.period})
        if round["closed_at"] is None:
            round = self._round(round)
        return Told(self._locked(round["round_id"]), self._bulletin(round["round_id"]), self._refused)

    def _round(self, round: Doc) -> Doc:
        """October's: most hand in within its time, who does not is reminded, one is late, then it is closed."""
        sample, path = self._sample, f"/v1/rounds/{round['round_id']}"
        due = dt.date.fromisoformat(round["due_on"])
        self._come(due - dt.timedelta(days=4))
        self._mistake()
        self._each([unit for unit in self._units if unit != LATE], lambda unit: self._hand_in(unit, sample.period))
        self._of_province(sample.period)
        self._come(due)
        self._post(DISPATCHER, f"{path}/reminders", {})
        self._come(due + dt.timedelta(days=1))
        self._hand_in(LATE, sample.period)
        self._come(due + dt.timedelta(days=2))
        closed = self._post(DISPATCHER, f"{path}/closure", {})
        self._offices.done(1)
        return closed

    def _split(self, id: str) -> None:
        split, path = self._sample.splits[id], f"/v1/targets/{id}"
        tree = self._offices.get(DISPATCHER, f"{path}/tree", region=self._sample.plan.region)
        if tree["allocated"] is None:
            children = [{"region": unit, "target": f"{target:f}"} for unit, target in split.units.items()]
            said = {"region": tree["region"], "reserve": f"{split.reserve:f}", "children": children}
            self._post(DISPATCHER, f"{path}/allocations", {**said, "document": DOCUMENT})
        self._offices.done(1)

    def _hand_in(self, unit: str, period: str) -> None:
        """The unit's workbook of a period, what was refused once more, and all of it accepted by a second person."""
        lines = self._sample.of(unit, period)
        known = self._known(unit, period)
        left = [line for line in lines if known.get((line.target_id, line.region)) in (None, ReportStatus.RETURNED)]
        if left:
            self._workbooks(unit, period, left)
        self._offices.done(len(lines))
        self._accept(unit, period)
        self._offices.done(len(lines))

    def _workbooks(self, unit: str, period: str, lines: Sequence[Line]) -> None:
        wrong = {}
        if (unit, period) == (ABOVE_WHOLE[1], self._sample.period):
            wrong[ABOVE_WHOLE[0]] = self._sample.above_whole
        told = self._workbook(unit, period, [wrong.get(line.target_id, line) for line in lines])
        if told["refused"]:
            self._refused += [{**row, "unit": unit} for row in told["rows"] if row["outcome"] == "refused"]
            self._workbook(unit, period, [line for line in lines if line.target_id in wrong])

    def _workbook(self, unit: str, period: str, lines: Sequence[Line]) -> Doc:
        client = reporter(unit)
        form = self._offices.download(client, "/v1/report-template.xlsx", region=unit, period=period)
        filled = ledger_form.fill(form, lines, self._proof(client, period))
        return self._offices.upload(client, "/v1/report-imports", f"{unit}-{period}.xlsx", filled)

    def _accept(self, unit: str, period: str) -> None:
        """In the order in which they were filed: a whole comes before its part."""
        own = {line.region for line in self._sample.of(unit, period)}
        for one in self._reports(unit, period, status=ReportStatus.FILED.value):
            if one["region"] in own:
                self._post(reviewer(unit), f"/v1/reports/{one['report_id']}/decision", {"decision": "accept"})

    def _known(self, unit: str, period: str) -> dict[tuple[str, str], str]:
        return {(one["target_id"], one["region"]): one["status"] for one in self._reports(unit, period)}

    def _reports(self, region: str, period: str, **asked: str) -> list[Doc]:
        found: list[Doc] = []
        after: dict[str, str] = {}
        while True:
            page = self._offices.get(
                reviewer(region), "/v1/reports", region=region, period=period, limit=_PAGE, **asked, **after
            )
            found += page["items"]
            if page["next"] is None:
                return found
            after = {"after": page["next"]}

    def _mistake(self) -> None:
        """A figure ten times too high, which the reviewer returns; the unit's workbook then has the right one."""
        unit, line = RETURNED[1], self._sample.mistaken
        if (line.target_id, line.region) in self._known(unit, line.period):
            return
        filed = self._file(reporter(unit), line)
        said = {"decision": "return", "reason": "与佐证材料不符，疑多填一个零，请核实后重报"}
        self._post(reviewer(unit), f"/v1/reports/{filed['report_id']}/decision", said)

    def _of_province(self, period: str) -> None:
        """The departments' own figures, one by one."""
        region = self._sample.plan.region
        lines, known = self._sample.of(region, period), self._known(region, period)
        for line in lines:
            if (line.target_id, line.region) not in known:
                self._file(reporter(region), line)
        self._offices.done(len(lines))
        self._accept(region, period)
        self._offices.done(len(lines))

    def _file(self, client: str, line: Line) -> Doc:
        proof = self._proof(client, line.period)
        evidence = {"file_id": proof.file_id, "sha256": proof.sha256, "title": "佐证材料"}
        said = {"target_id": line.target_id, "region": line.region, "period": line.period, "evidence": [evidence]}
        return self._post(client, "/v1/reports", {**said, "cumulative": f"{line.cumulative:f}"})

    def _proof(self, client: str, period: str) -> Proof:
        content = ledger_form.document(f"Sample evidence {client} {period}")
        stored = self._offices.upload(client, "/v1/evidence", f"{client}-{period}.pdf", content)
        return Proof(stored["file_id"], stored["sha256"])

    def _locked(self, round_id: str) -> Doc:
        path = f"/v1/rounds/{round_id}"
        found = self._until(
            lambda: self._offices.get(DISPATCHER, path), lambda round: round["snapshot"], "the snapshot is locked"
        )
        self._offices.done(1)
        return found

    def _bulletin(self, round_id: str) -> Doc:
        """Drafted, reviewed and signed by three, from wherever an earlier start left it."""
        listed = self._offices.get(DISPATCHER, "/v1/bulletins", limit=100)["items"]
        standing = [one for one in listed if one["round_id"] == round_id and one["state"] not in _GONE]
        begun = standing[0] if standing else self._post(DISPATCHER, "/v1/bulletins", {"round_id": round_id})
        path = f"/v1/bulletins/{begun['bulletin_id']}"
        found = self._made(path)
        for state, client, step, said in _STEPS:
            if found["state"] == state:
                self._post(client, f"{path}/{step}", said)
                found = self._made(path)
        if found["state"] != "done":
            raise Stuck(f"the bulletin was not issued, it is {found['state']}: {found['failure']}")
        self._offices.done(1)
        return found

    def _made(self, path: str) -> Doc:
        return self._until(
            lambda: self._offices.get(DISPATCHER, path),
            lambda bulletin: bulletin["state"] not in ("queued", "running", "issuing"),
            "the bulletin is made",
        )

    def _post(self, client: str, path: str, said: Doc) -> Doc:
        return self._offices.post(client, path, said)

    def _come(self, day: dt.date) -> None:
        for service in SERVICES:
            self._offices.set_time(service, dt.datetime.combine(day, _NOON).isoformat())

    def _each(self, units: Sequence[str], work: Callable[[str], None]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            waiting = [pool.submit(work, unit) for unit in units]
            try:
                for one in waiting:
                    one.result()
            finally:
                pool.shutdown(cancel_futures=True)

    @staticmethod
    def _until(ask: Callable[[], Doc], reached: Callable[[Doc], Any], what: str) -> Doc:
        until = time.monotonic() + _SECONDS
        while not reached(found := ask()):
            if time.monotonic() > until:
                raise Stuck(f"waited {_SECONDS:g} s in vain until {what}")
            time.sleep(0.2)
        return found
