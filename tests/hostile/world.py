"""A programme with something of everything in it, made through the door; and every body that was taken meanwhile."""

import datetime as dt
import re
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from flask import Flask, request
from werkzeug import Response

from contract.words import Role
from gateway import clients, scopes, tokens
from gateway.app import create
from gateway.clients import Client
from runtime import clock
from runtime.config import Config
from samples.stars import applicant, reviewer
from tests.builders import a_certificate
from tests.gateway.callers import CENTRE, CITY, OTHER_CENTRE, PROVINCE, Caller
from tests.gateway.matters_refused import Register
from tests.gateway.stars_refused import Stage
from tests.hostile.inventing import Operation, Pool
from tests.programme import until
from tests.services.inspections.builders import a_plan
from tests.services.reports.builders import a_report, hand_in
from tests.services.training.builders import a_centre, a_filing

_UNHINDERED = 10_000_000  # requests a minute
NOBODY = "nobody"

# Who attacks: several accounts of each role, so that what two may do that one may not is tried too.
_ACCOUNTS: dict[Role, tuple[str, ...]] = {
    Role.TRAINING_CENTRE: (CENTRE, OTHER_CENTRE),
    Role.CIVIL_AFFAIRS: (PROVINCE, CITY),
    Role.DISPATCHER: ("dispatcher",),
    Role.INSPECTOR: ("inspector", "inspector-2"),
    Role.PARTNER: ("partner",),
    Role.FEDERATION: ("fulian-130000", "fulian-130000-2", "fulian-130100", "fulian-130102"),
    Role.APPLICANT: ("base-1", *(f"base-{number}" for number in range(100, 104))),
    Role.REVIEWER: tuple(f"reviewer-{number}" for number in range(1, 9)),
    Role.REPORTER: ("reporter-130100", "reporter-130102", "housing-reporter"),
    Role.REPORT_REVIEWER: ("report-reviewer-130100", "housing-reviewer"),
}
ROLES = (*(role.value for role in _ACCOUNTS), NOBODY)


@dataclass
class World:
    settings: Config
    description: dict[str, Any]
    operations: list[Operation]
    pool: Pool
    accounts: dict[str, list[dict[str, str]]] = field(default_factory=dict)  # role -> headers of its accounts
    scopes: dict[str, frozenset[str]] = field(default_factory=dict)


def furnish(settings: Config) -> World:
    """With the services of ``settings`` running."""
    clients.demo(settings)
    app = create(settings)
    world = World(settings, {}, [], Pool())
    _watch(app, world)
    world.description = app.test_client().get("/openapi.json").get_json()
    world.operations += [
        Operation(method.upper(), path, described)
        for path, item in world.description["paths"].items()
        for method, described in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]
    try:
        _people(app, settings)
        _stars(app, settings)
        _reports(app, settings)
        _registers(app, settings)
    finally:
        app.extensions["rpc"].close()
    for role in ROLES:
        world.scopes[role] = frozenset() if role == NOBODY else frozenset(scopes.OF_ROLE[Role(role)])
        world.accounts[role] = [{}] if role == NOBODY else _tokens(settings, Role(role))
    return world


def _watch(app: Flask, world: World) -> None:
    """What is sent and answered from now on is known to who attacks."""

    @app.after_request
    def learn(response: Response) -> Response:
        rule = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", request.url_rule.rule if request.url_rule else "")
        route = (request.method, rule)
        if response.status_code >= 300 or rule == "/openapi.json":
            return response
        world.pool.harvest(request.view_args)
        if request.mimetype == "application/json":
            body = request.get_json()
            world.pool.harvest(body)
            for operation in world.operations:
                if (operation.method, operation.path) == route:
                    operation.samples.append(body)
        if response.is_json:
            world.pool.harvest(response.get_json())
        return response


def _tokens(settings: Config, role: Role) -> list[dict[str, str]]:
    found = []
    for name in _ACCOUNTS[role]:
        client = clients.Clients(settings).get(name) or _of_the_trade(name, role)
        token = tokens.sign(settings, replace(client, per_minute=_UNHINDERED), " ".join(client.scopes))
        found.append({"Authorization": f"Bearer {token}"})
    return found


def _of_the_trade(name: str, role: Role) -> Client:
    """Applicants and reviewers that `_stars` makes."""
    number = int(name.rpartition("-")[2])
    actor = reviewer(number) if role is Role.REVIEWER else applicant(name)
    return Client(name, "", role, actor["region"], actor["organisation"], scopes.OF_ROLE[role], 0)


def _took(answer: Any) -> Any:
    assert answer.status_code < 300, answer.text
    return answer.json


def _people(app: Flask, settings: Config) -> None:
    bureau, centre, other = (Caller(app, settings, name) for name in (PROVINCE, CENTRE, OTHER_CENTRE))
    _took(bureau.post("/v1/centres", json=a_centre()))
    _took(bureau.post("/v1/assessors", json=a_filing()))
    for seed in range(300, 308):
        posting, region = (other, "130202") if seed % 4 == 0 else (centre, "130102")
        issued = _took(posting.post("/v1/certificates", json=a_certificate(seed, region=region)))
        path = f"/v1/certificates/{issued['certificate_number']}"
        if seed == 301:
            _took(bureau.post(f"{path}/verification", json={"outcome": "核验通过", "reason": "联网核验"}))
        if seed == 302:
            _took(centre.post(f"{path}/revocation", json={"reason": "录入有误"}))
            _took(bureau.post(f"{path}/reinstatement", json={"reason": "核实无误", "evidence": [hand_in(settings)]}))
        if seed == 303:
            _took(centre.post(f"{path}/correction", json={"reason": "区划有误", "region": "130104"}))
    roster = "姓名,证件号码,证书编号\n".encode()
    body = (
        b'--limit\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        + roster
        + b"\r\n--limit--\r\n"
    )
    how = {"data": body, "content_type": "multipart/form-data; boundary=limit"}
    _took(centre.post("/v1/certificate-imports", **how))


def _stars(app: Flask, settings: Config) -> None:
    stage = Stage(SimpleNamespace(app=app, settings=settings))
    stage.awarded()
    stage.trade.set_time(dt.date(2023, 3, 1))
    for number in range(101, 104):
        base = stage.trade.base(number)
        application = stage.trade.apply(base)
        if number > 101:
            stage.trade.submit(application)
        if number > 102:
            stage.trade.recommend(application)
        person = stage.trade.fusao(number, base)
        stage.trade.apply(person)
    recognition = stage.trade.recognise(stage.trade.base(160))
    stage.trade.decide(recognition)
    stage.trade.recognise(stage.trade.base(161))
    base = stage.trade.base(150)
    more = {"kind": "other", "title": "其他", **stage.hand_in(b"document")}
    application = stage.on_notice(base=base, evidence=[*stage.trade.all_evidence("base"), more])
    stage.trade.object(application)


def _reports(app: Flask, settings: Config) -> None:
    reporter, reviewer = Caller(app, settings, "reporter-130102"), Caller(app, settings, "report-reviewer-130100")
    dispatcher, due = Caller(app, settings, "dispatcher"), clock.day_of(clock.now()) + dt.timedelta(days=30)
    split = {"region": "130100", "target": "600"}
    allocated = {"region": "130000", "reserve": "1216", "children": [split], "document": "冀发改〔2023〕1号"}
    _took(dispatcher.post("/v1/targets/2.1/allocations", json=allocated))
    _took(dispatcher.post("/v1/rounds", json={"period": "2023-04", "due_on": str(due)}))
    for period, figure in (("2023-03", "10"), ("2023-04", "16"), ("2023-05", "20")):
        line = a_report([hand_in(settings)], region="130102", period=period, cumulative=figure, problems="资金未到位")
        filed = _took(reporter.post("/v1/reports", json=line))
        decision = {"decision": "accept"} if period != "2023-05" else {"decision": "return", "reason": "材料不全"}
        if period != "2023-04":
            _took(reviewer.post(f"/v1/reports/{filed['report_id']}/decision", json=decision))


def _registers(app: Flask, settings: Config) -> None:
    register = Register(SimpleNamespace(app=app, settings=settings))
    register.settled()
    register.where()
    register.answer(register.greenway())
    register.greenway()
    register.conclude(register.hint())
    register.assign(register.hint())
    _inspected(app, settings)


def _inspected(app: Flask, settings: Config) -> None:
    """With a finding of the first unit that targets draws, once it does."""
    inspector = Caller(app, settings, "inspector")

    def counted() -> bool:
        return all(_took(inspector.get(f"/v1/targets/{id}"))["value"] not in (None, "0") for id in ("12.1", "2.1"))

    until(counted, what="what was posted and accepted is counted")
    planned = [
        _took(inspector.post("/v1/inspections", json=a_plan(target_id=target_id, size=2)))
        for target_id in ("12.1", "2.1")
    ]
    proof = [hand_in(settings)]
    for inspection in planned:
        address = f"/v1/inspections/{inspection['inspection_id']}"

        def drawn(address: str = address) -> bool:
            return _took(inspector.get(address))["sample"] is not None

        until(drawn, what=f"a sample is drawn for {address}")
        body = {"unit": 1, "outcome": "not_found", "text": "现场未找到", "evidence": proof}
        if inspection["target_id"] == "2.1":
            body |= {"outcome": "not_as_reported", "amount": "1"}
        finding = _took(inspector.post(f"{address}/findings", json=body))
        _took(
            inspector.post(
                f"/v1/findings/{finding['finding_id']}/rectification", json={"text": "已补齐", "evidence": proof}
            )
        )
