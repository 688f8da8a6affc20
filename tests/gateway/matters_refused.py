"""Every refusal of problems, 绿色通道 requests and hints, provoked as a client would provoke it."""

import itertools
from collections.abc import Callable
from typing import Any, Protocol

from flask import Flask
from werkzeug.test import TestResponse

from contract import regions
from runtime import mongo
from runtime.config import Config
from services.inspections.hints import domain as cases
from services.inspections.hints.store import hints as kept_hints
from tests.gateway.callers import Caller
from tests.services.inspections.builders import an_id
from tests.services.inspections.registers import a_matter, a_request, an_anomaly

MATTERS, GREENWAYS, HINTS = "/v1/matters", "/v1/greenways", "/v1/hints"
NOBODY = "0" * 24
STALE = {"headers": {"If-Match": '"7"'}}
_counties = itertools.cycle(county.code for county in regions.counties())
_numbers = itertools.count()


class Scene(Protocol):
    app: Flask
    settings: Config


class Register:
    """Who registers, mends, settles, answers and inspects, with a county of its own for one refusal."""

    def __init__(self, scene: Scene) -> None:
        self.settings = scene.settings
        self.county = next(_counties)
        unit = regions.get(self.county).path[1]
        self.reporter, self.reviewer, self.housing, self.city, self.inspector, self.inspector_2, self.dispatcher = (
            Caller(scene.app, scene.settings, name)
            for name in (
                *(f"reporter-{unit}", f"report-reviewer-{unit}", "housing-reporter"),
                *(f"reporter-{'130200' if unit == '130100' else '130100'}", "inspector", "inspector-2", "dispatcher"),
            )
        )

    def matter(self, caller: Caller | None = None, **changes: Any) -> TestResponse:
        body = a_matter(region=self.county, owner="省住房城乡建设厅", due_on="2099-12-31", **changes)
        return (caller or self.reporter).post(MATTERS, json=body)

    def where(self, **changes: Any) -> str:
        made = self.matter(**changes)
        assert made.status_code == 201, made.text
        return str(made.headers["Location"])

    def ask(self, where: str, **more: Any) -> TestResponse:
        return self.housing.post(f"{where}/settlement-request", json={"text": "已解决"}, **more)

    def settle(self, where: str, caller: Caller | None = None) -> TestResponse:
        return (caller or self.reviewer).post(f"{where}/settlement", json={"text": "已核实"})

    def settled(self) -> str:
        where = self.where()
        assert self.ask(where).status_code == 200
        assert self.settle(where).status_code == 200
        return where

    def greenway(self, **changes: Any) -> str:
        body = a_request(region=self.county, addressed_to="省住房城乡建设厅", **changes)
        made = self.reporter.post(GREENWAYS, json=body)
        assert made.status_code == 201, made.text
        return str(made.headers["Location"])

    def answer(self, where: str, caller: Caller | None = None, **more: Any) -> TestResponse:
        return (caller or self.housing).post(f"{where}/answer", json={"answer": "同意", "reason": "符合条件"}, **more)

    def hint(self) -> str:
        number = next(_numbers)
        said = an_anomaly(f"refused {number}", region=self.county)
        hint = cases.open_case(hint_id=an_id(f"hint {number}"), told=said.data, service="targets", at=said.time)
        hints = kept_hints(self.settings)
        mongo.transact(hints.store, lambda session: hints.put(session, hint))
        return f"{HINTS}/{hint.hint_id}"

    def assign(self, where: str, **more: Any) -> TestResponse:
        return self.inspector.post(f"{where}/assignment", json={"owner": "inspector"}, **more)

    def conclude(self, where: str, caller: Caller | None = None, **more: Any) -> TestResponse:
        body = {"outcome": "属实", "text": "已核查", **more}
        return (caller or self.inspector).post(f"{where}/conclusion", json=body)


def matters_not_allowed(register: Register) -> TestResponse:
    return register.matter(register.housing, target_id="7.1")


def own_settlement(register: Register) -> TestResponse:
    where = register.where()
    register.ask(where)
    return register.settle(where, register.housing)


def greenway_not_yours(register: Register) -> TestResponse:
    return register.answer(register.greenway(), register.reporter)


def hints_not_allowed(register: Register) -> TestResponse:
    return register.reporter.get(HINTS)


def hint_not_yours(register: Register) -> TestResponse:
    where = register.hint()
    register.assign(where)
    return register.conclude(where, register.inspector_2)


def matter_not_found(register: Register) -> TestResponse:
    return register.reporter.get(f"{MATTERS}/{NOBODY}")


def greenway_not_found(register: Register) -> TestResponse:
    return register.reporter.get(f"{GREENWAYS}/{NOBODY}")


def hint_not_found(register: Register) -> TestResponse:
    return register.inspector.get(f"{HINTS}/{NOBODY}")


def look_not_found(register: Register) -> TestResponse:
    return register.inspector.get(f"/v1/anomaly-looks/{NOBODY}")


def matter_settled_already(register: Register) -> TestResponse:
    return register.housing.post(f"{register.settled()}/progress", json={"text": "又有进展"})


def matter_not_settled(register: Register) -> TestResponse:
    return register.reviewer.post(f"{register.where()}/reopening", json={"reason": "又出现"})


def settlement_not_asked(register: Register) -> TestResponse:
    return register.reviewer.post(f"{register.where()}/return", json={"reason": "无佐证"})


def settlement_asked_already(register: Register) -> TestResponse:
    where = register.where()
    register.ask(where)
    return register.ask(where)


def greenway_answered_already(register: Register) -> TestResponse:
    where = register.greenway()
    register.answer(where)
    return register.answer(where)


def greenway_not_waiting(register: Register) -> TestResponse:
    return register.reporter.post(f"{register.greenway()}/supplement", json={"text": "补充"})


def hint_concluded_already(register: Register) -> TestResponse:
    where = register.hint()
    register.assign(where)
    register.conclude(where)
    return register.conclude(where)


def hint_not_assigned(register: Register) -> TestResponse:
    return register.conclude(register.hint())


def matter_changed(register: Register) -> TestResponse:
    return register.ask(register.where(), **STALE)


def greenway_changed(register: Register) -> TestResponse:
    return register.answer(register.greenway(), **STALE)


def hint_changed(register: Register) -> TestResponse:
    return register.assign(register.hint(), **STALE)


def matter_invalid(register: Register) -> TestResponse:
    return register.matter(target_id="99.9")


def hint_invalid(register: Register) -> TestResponse:
    return register.inspector.post(f"{register.hint()}/assignment", json={"owner": "省住建厅"})


def inspection_unknown(register: Register) -> TestResponse:
    where = register.hint()
    register.assign(where)
    return register.conclude(where, inspection_id=NOBODY)


_STATUS: dict[int, tuple[Callable[[Register], TestResponse], ...]] = {
    403: (matters_not_allowed, own_settlement, greenway_not_yours, hints_not_allowed, hint_not_yours),
    404: (matter_not_found, greenway_not_found, hint_not_found, look_not_found),
    409: (
        *(matter_settled_already, matter_not_settled, settlement_not_asked, settlement_asked_already),
        *(greenway_answered_already, greenway_not_waiting, hint_concluded_already, hint_not_assigned),
    ),
    412: (matter_changed, greenway_changed, hint_changed),
    422: (matter_invalid, hint_invalid, inspection_unknown),
}


def _provoke(act: Callable[[Register], TestResponse]) -> Callable[[Any], TestResponse]:
    return lambda scene: act(Register(scene))


PROVOKE = {act.__name__: (status, _provoke(act)) for status, acts in _STATUS.items() for act in acts}
