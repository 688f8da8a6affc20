"""The year of the plan in fast-forward, through the door, with the processes that do it in production: twelve dispatch
rounds, a target adjusted, a withdrawal and a correction after the figures were published, and bulletins that stay."""

import calendar
import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

import plan
from audit.__main__ import audit
from contract.words import Role
from gateway import scopes, tokens
from gateway.app import create
from gateway.clients import Client
from runtime import config, mongo
from runtime.config import Config
from services.targets.store import Counts, number
from tests.organisations import owner_of
from tests.programme import Programme, until

PROCESSES = (
    "reports+inspections+targets",
    "certification.relay+housekeeping.relay",  # their watermarks: nothing is settled without them
    "reports.relay+inspections.relay+targets.relay",
    "targets.counting",
    "targets.desk",
)
YEAR = 2023
CHANGAN, QIAOXI, DINGZHOU = "130102", "130104", "130682"
MONTHLY = {("2.1", CHANGAN): 3, ("2.1", QIAOXI): 2, ("2.1", DINGZHOU): 1, ("4.1", CHANGAN): Decimal("1.25")}
BASELINE, LEVELS = 40, {month: 40 + 2 * month for month in range(1, 13)}  # 8.2 of 长安区
SILENT = (7, ("2.1", DINGZHOU))  # who files nothing in that month
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


class Office:
    """Somebody at a desk: a client of the gateway with a token."""

    def __init__(
        self, app: Flask, settings: Config, client_id: str, role: Role, region: str, organisation: str
    ) -> None:
        client = Client(client_id, "", role, region, organisation, scopes.OF_ROLE[role], 100_000)
        token = tokens.sign(settings, client, " ".join(client.scopes))
        self._headers = {"Authorization": f"Bearer {token}"}
        self._browser = app.test_client()

    def ask(self, method: str, path: str, **more: Any) -> TestResponse:
        return self._browser.open(path, method=method, headers=self._headers | more.pop("headers", {}), **more)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.ask("GET", path, query_string=query)
        assert answer.status_code == 200, f"GET {path}: {answer.text}"
        return answer.json

    def post(self, path: str, said: dict[str, Any] | None = None, **more: Any) -> Any:
        answer = self.ask("POST", path, json=said or {}, **more)
        assert answer.status_code in (200, 201, 202), f"POST {path}: {answer.text}"
        return answer.json


class Year:
    """The offices, and the calendar that they live by."""

    def __init__(self, app: Flask, settings: Config, programme: Programme) -> None:
        self.settings, self.programme = settings, programme
        self._rpc = app.extensions["rpc"]
        self.dispatcher, self.reviewing, self.signing = (
            Office(app, settings, name, Role.DISPATCHER, "130000", "省发展改革委")
            for name in ("fagai", "fagai-2", "fagai-3")
        )
        self._office = partial(Office, app, settings)
        self.inspector = Office(app, settings, "ducha", Role.INSPECTOR, "130000", "省政府督查室")
        self.inspector_2 = Office(app, settings, "ducha-2", Role.INSPECTOR, "130000", "省政府督查室")
        self.published: dict[int, dict[str, Any]] = {}  # month -> its round, closed

    def come(self, day: dt.date, hour: int = 9) -> None:
        instant = dt.datetime(day.year, day.month, day.day, hour - 8, tzinfo=dt.UTC).isoformat()
        for service in ("reports", "inspections", "targets"):
            self._rpc.call(service, "set_time", instant)

    def hand_in(self, office: Office, what: str) -> dict[str, str]:
        form = {"file": (io.BytesIO(PDF + what.encode()), "a.pdf")}
        answer = office.ask("POST", "/v1/evidence", data=form)
        assert answer.status_code == 201, answer.text
        return {"file_id": answer.json["file_id"], "sha256": answer.json["sha256"], "title": "验收单"}

    def file(self, target_id: str, region: str, period: str, figure: int | Decimal, **more: Any) -> dict[str, Any]:
        """Filed by one, accepted by another."""
        department = owner_of(target_id)
        reporter = self._office("tianbao", Role.REPORTER, "130000", department)
        reviewer = self._office("shenhe", Role.REPORT_REVIEWER, "130000", department)
        evidence = self.hand_in(reporter, f"{target_id} {region} {period} {figure}")
        line = {"target_id": target_id, "region": region, "period": period, "cumulative": str(figure)}
        filed = reporter.post("/v1/reports", {**line, "evidence": [evidence], **more})
        return dict(reviewer.post(f"/v1/reports/{filed['report_id']}/decision", {"decision": "accept"}))

    def month(self, month: int) -> None:
        """The figures of a month are asked for in the next one; what was said by its closing is locked."""
        period = f"{YEAR}-{month:02}"
        following = dt.date(YEAR + month // 12, month % 12 + 1, 1)
        self.come(following + dt.timedelta(days=1))
        opened = self.dispatcher.post("/v1/rounds", {"period": period})
        for (target_id, region), step in MONTHLY.items():
            if (month, (target_id, region)) != SILENT:
                self.file(target_id, region, period, step * month)
        self.file("8.2", CHANGAN, period, LEVELS[month])
        self.come(dt.date.fromisoformat(opened["due_on"]) + dt.timedelta(days=1))
        self.dispatcher.post(f"/v1/rounds/{opened['round_id']}/closure")
        self.published[month] = until(
            lambda: self._locked(opened["round_id"]), seconds=60, what=f"the snapshot of {period} is locked"
        )

    def _locked(self, round_id: str) -> dict[str, Any] | None:
        found = self.dispatcher.get(f"/v1/rounds/{round_id}")
        return dict(found) if found["snapshot"] else None

    def snapshot(self, month: int) -> dict[str, Any]:
        return dict(self.dispatcher.get(f"/v1/snapshots/{self.published[month]['snapshot']['snapshot_id']}"))

    def value(self, target_id: str, region: str = "130000", **clocks: str) -> Decimal:
        self.programme.settle()
        return Decimal(self.dispatcher.get(f"/v1/targets/{target_id}", region=region, **clocks)["value"])

    def bulletin(self, **said: Any) -> dict[str, Any]:
        path = f"/v1/bulletins/{self.dispatcher.post('/v1/bulletins', said)['bulletin_id']}"

        def at(state: str) -> dict[str, Any] | None:
            found = self.dispatcher.get(path)
            assert not found["failure"], found
            return dict(found) if found["state"] == state else None

        until(lambda: at("draft"), seconds=90, what="the bulletin is drafted")
        self.reviewing.post(f"{path}/reviews", {"decision": "pass"})
        self.signing.post(f"{path}/issuance")
        return dict(until(lambda: at("done"), seconds=90, what="the bulletin is issued"))


@pytest.fixture(scope="module")
def programme(module_space: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programme]:
    found = Programme(module_space, tmp_path_factory.mktemp("year"))
    try:
        found.start(*PROCESSES)
        yield found
    finally:
        found.stop_all()


@pytest.fixture(scope="module")
def year(programme: Programme, module_space: dict[str, str]) -> Iterator[Year]:
    settings = config.read(module_space)
    app = create(settings)
    try:
        yield Year(app, settings, programme)
    finally:
        app.extensions["rpc"].close()


def last_day(month: int) -> str:
    return dt.date(YEAR, month, calendar.monthrange(YEAR, month)[1]).isoformat()


def test_a_year_of_the_plan(year: Year) -> None:
    """One story, told in order; each step rests on those before."""
    year.come(dt.date(YEAR, 1, 5))
    year.file("8.2", CHANGAN, f"{YEAR - 1}-12", BASELINE)
    for month in range(1, 13):
        if month == 7:
            year.come(dt.date(YEAR, 7, 20))
            tree = year.dispatcher.post(
                "/v1/targets/2.1/adjustments",
                {"region": "130000", "adjusted": "2000", "reason": "中央资金追加", "document": "冀发改民生〔2023〕9号"},
            )
            assert (Decimal(tree["original"]), Decimal(tree["adjusted"])) == (1816, 2000)
        year.month(month)

    # What was filed is what counts, in total and as of any month, and who was silent is named.
    assert year.value("2.1") == 12 * (3 + 2 + 1)
    assert year.value("2.1", as_of=last_day(7)) == 7 * (3 + 2) + 6
    assert year.value("4.1") == Decimal("15.00")
    assert year.value("8.2") == LEVELS[12]
    silent = {one["target_id"]: one["missing"] for one in year.published[7]["outstanding"]}
    assert DINGZHOU in silent["2.1"]
    assert CHANGAN not in silent["2.1"]
    standing = year.dispatcher.get("/v1/targets/2.1")
    assert (standing["target"], standing["adjusted_target"]) == ("1816", "2000")

    # Published, and then something moves: a correction of September, and units that an inspection does not find.
    bulletin = year.bulletin(round_id=year.published[10]["round_id"])
    document = year.dispatcher.ask("GET", f"/v1/bulletins/{bulletin['bulletin_id']}/document.docx").data
    before = year.snapshot(10)
    year.file("2.1", QIAOXI, f"{YEAR}-10", 19, reason="漏报一个小区，10月数重报")
    order = withdraw(year, region=CHANGAN, amount=2)
    assert order["state"] == "done", order
    by_october = 2 if order["effective_on"] <= last_day(10) else 0

    assert year.value("2.1") == 12 * 6 - 2, "a withdrawn unit no longer counts; a corrected month moves the next one"
    assert year.value("2.1", as_of=last_day(10)) == 10 * 6 - 1 - by_october, "19 instead of 20 by October"
    after = year.snapshot(10)
    assert after["verified"], after
    assert (after["digest"], after["sources"]) == (before["digest"], before["sources"])

    # The correction is another bulletin, and itemises; the first one stays as it was, byte for byte.
    correction = year.bulletin(corrects=bulletin["bulletin_id"], reason="漏报更正，并核减查无实物的小区")
    assert correction["number"] == bulletin["number"] + 1
    told = correction["content"]["correction"]
    moved = {(one["indicator"], one["region"]): one for one in told["moves"]}[("2.1", QIAOXI)]
    assert (Decimal(moved["reported"]), Decimal(moved["known"])) == (20, 19)
    steps = [one for one in told["entries"] if (one["indicator"], one["region"]) == ("2.1", QIAOXI)]
    assert sum(Decimal(one["value"]) for one in steps) == -1, steps
    assert not told["unexplained"]
    assert year.dispatcher.ask("GET", f"/v1/bulletins/{bulletin['bulletin_id']}/document.docx").data == document

    # And all of it can be recounted from what the offices filed; what nobody filed has no entry.
    assert audit(year.settings) == 0
    counts, indicators = Counts(mongo.database(year.settings, "targets")), plan.read(year.settings.plan_file).indicators
    group = {"_id": "$indicator", "value": {"$sum": "$value"}}
    entered = {row["_id"]: number(row["value"]) for row in counts.entries.aggregate([{"$group": group}])}
    assert entered == {"2.1": 12 * 6 - 2, "4.1": Decimal("15.00"), "8.2": LEVELS[12]}
    ever: Any = {"as_of": dt.date.max, "known_at": None}
    summed = {id: counts.values(["130000"], indicator=id, **ever)["130000"] for id in indicators}
    assert {id: value for id, value in summed.items() if value} == entered


def withdraw(year: Year, *, region: str, amount: int) -> dict[str, Any]:
    """An inspection of 2.1 in a county draws one of its report lines, and some of its units are not there."""
    year.come(dt.date(YEAR + 1, 1, 20))
    planned = year.inspector.post(
        "/v1/inspections",
        {"title": "老旧小区核查", "target_id": "2.1", "region": region, "size": 1, "members": ["督查一组"]},
    )
    path = f"/v1/inspections/{planned['inspection_id']}"
    (unit,) = until(lambda: year.inspector.get(f"{path}/units")["items"], seconds=30, what="the sample is drawn")
    finding = year.inspector.post(
        f"{path}/findings",
        {
            "unit": unit["number"],
            "outcome": "not_as_reported",
            "text": "两个小区未改造",
            "amount": str(amount),
            "evidence": [year.hand_in(year.inspector, "现场照片")],
        },
    )
    order = year.inspector_2.post(f"/v1/findings/{finding['finding_id']}/withdrawal", {"reason": "现场未见改造"})

    def answered() -> dict[str, Any] | None:
        found = year.inspector.get(f"/v1/withdrawals/{order['order_id']}")
        return dict(found) if found["state"] != "pending" else None

    return dict(until(answered, seconds=30, what="the owner has answered the order"))
