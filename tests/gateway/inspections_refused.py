"""Every refusal of inspections, provoked as a client would provoke it. What a sample would bring is put into the
service's store by its own code: that targets draws one is tests/journeys' to show."""

import itertools
from collections.abc import Callable
from typing import Any, Protocol

from flask import Flask
from werkzeug.test import TestResponse

from runtime.config import Config
from services.certification.service import Certification
from services.inspections.service import Inspections
from tests.builders import a_certificate
from tests.gateway.callers import Caller
from tests.services.certification.withdrawals.test_withdrawals import an_order
from tests.services.inspections.builders import a_plan, a_sample, handed_in

_names = itertools.count(1)
NOBODY = "0" * 24


class Scene(Protocol):
    app: Flask
    settings: Config
    anybody: Caller
    centre: Caller
    city: Caller

    def bearer(self, client_id: str, scope: str) -> dict[str, str]: ...


class Inspector:
    """With an inspection of its own for one refusal."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.one = Caller(scene.app, scene.settings, "inspector")
        self.other = Caller(scene.app, scene.settings, "inspector-2")
        self.proof = [handed_in(scene.settings)]

    def planned(self) -> dict[str, Any]:
        answer = self.one.post("/v1/inspections", json=a_plan(title=f"第{next(_names)}次督导"))
        assert answer.status_code == 201, answer.text
        return dict(answer.json)

    def sampled(self) -> dict[str, Any]:
        planned = self.planned()
        service = Inspections()
        service.settings = self.scene.settings  # type: ignore[assignment]
        service.on_targets(a_sample(planned))
        return planned

    def find(self, sampled: dict[str, Any], **changes: Any) -> TestResponse:
        body = {"unit": 1, "outcome": "not_found", "text": "现场未找到证书原件", "evidence": self.proof}
        return self.one.post(f"/v1/inspections/{sampled['inspection_id']}/findings", json=body | changes)

    def found(self) -> str:
        """The address of a finding."""
        answer = self.find(self.sampled())
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def mend(self, address: str, **more: Any) -> TestResponse:
        return self.one.post(f"{address}/rectification", json={"text": "已补齐", "evidence": self.proof}, **more)

    def withdraw(self, address: str) -> TestResponse:
        return self.other.post(f"{address}/withdrawal", json={"reason": "查无实据"})


def inspections_not_allowed(inspector: Inspector) -> TestResponse:
    headers = inspector.scene.bearer("dispatcher", "inspections:write")
    return inspector.scene.anybody.post("/v1/inspections", json=a_plan(), headers=headers)


def recheck_by_another(inspector: Inspector) -> TestResponse:
    address = inspector.found()
    inspector.mend(address)
    return inspector.one.post(f"{address}/recheck", json={"passed": True, "text": "属实"})


def withdrawal_by_another(inspector: Inspector) -> TestResponse:
    return inspector.one.post(f"{inspector.found()}/withdrawal", json={"reason": "查无实据"})


def inspection_not_found(inspector: Inspector) -> TestResponse:
    return inspector.one.get(f"/v1/inspections/{NOBODY}")


def sample_unit_not_found(inspector: Inspector) -> TestResponse:
    return inspector.find(inspector.planned())


def sample_not_found(inspector: Inspector) -> TestResponse:
    return inspector.one.get(f"/v1/inspections/{NOBODY}/redraw")


def finding_not_found(inspector: Inspector) -> TestResponse:
    return inspector.one.get(f"/v1/findings/{NOBODY}")


def finding_file_not_found(inspector: Inspector) -> TestResponse:
    return inspector.one.get(f"{inspector.found()}/evidence/{NOBODY}")


def withdrawal_not_found(inspector: Inspector) -> TestResponse:
    return inspector.one.get(f"/v1/withdrawals/{NOBODY}")


def supervision_order_not_found(inspector: Inspector) -> TestResponse:
    return inspector.one.get(f"/v1/supervision-orders/{NOBODY}")


def finding_recorded_already(inspector: Inspector) -> TestResponse:
    sampled = inspector.sampled()
    inspector.find(sampled)
    return inspector.find(sampled)


def finding_not_open(inspector: Inspector) -> TestResponse:
    address = inspector.found()
    inspector.mend(address)
    return inspector.mend(address)


def withdrawal_not_possible(inspector: Inspector) -> TestResponse:
    address = inspector.found()
    inspector.withdraw(address)
    return inspector.withdraw(address)


def withdrawn_by_inspection(inspector: Inspector) -> TestResponse:
    issued = inspector.scene.centre.post("/v1/certificates", json=a_certificate(45_000 + next(_names)))
    service = Certification()
    service.settings = inspector.scene.settings  # type: ignore[assignment]
    service.on_withdrawal(an_order(issued.json["certificate_id"], order_id=issued.json["certificate_id"]))
    return inspector.scene.city.post(f"{issued.headers['Location']}/reinstatement", json={"reason": "申诉成立"})


def finding_changed(inspector: Inspector) -> TestResponse:
    return inspector.mend(inspector.found(), headers={"If-Match": '"7"'})


def withdrawal_changed(inspector: Inspector) -> TestResponse:
    address = inspector.withdraw(inspector.found()).headers["Location"]
    return inspector.one.post(f"{address}/lifting", json={"reason": "复查通过"}, headers={"If-Match": '"7"'})


def inspection_invalid(inspector: Inspector) -> TestResponse:
    return inspector.one.post("/v1/inspections", json=a_plan(target_id="19.3"))


def finding_invalid(inspector: Inspector) -> TestResponse:
    return inspector.find(inspector.sampled(), evidence=[])


_STATUS: dict[int, tuple[Callable[[Inspector], TestResponse], ...]] = {
    403: (inspections_not_allowed, recheck_by_another, withdrawal_by_another),
    404: (
        *(inspection_not_found, sample_unit_not_found, sample_not_found, finding_not_found),
        *(finding_file_not_found, withdrawal_not_found, supervision_order_not_found),
    ),
    409: (finding_recorded_already, finding_not_open, withdrawal_not_possible, withdrawn_by_inspection),
    412: (finding_changed, withdrawal_changed),
    422: (inspection_invalid, finding_invalid),
}


def _provoke(act: Callable[[Inspector], TestResponse]) -> Callable[[Any], TestResponse]:
    return lambda scene: act(Inspector(scene))


PROVOKE = {act.__name__: (status, _provoke(act)) for status, acts in _STATUS.items() for act in acts}
