"""Every refusal of training, provoked as a client would provoke it."""

import itertools
from collections.abc import Callable
from typing import Any, Protocol

from flask import Flask
from werkzeug.test import TestResponse

from runtime.config import Config
from tests.gateway.callers import PROVINCE, Caller
from tests.services.training.builders import a_centre, a_code, a_filing

CENTRES, ASSESSORS = "/v1/centres", "/v1/assessors"
REASON = {"reason": "不再办学"}
_numbers = itertools.count(10_000)


class Scene(Protocol):
    app: Flask
    settings: Config
    city: Caller


class Bureau:
    """The province's, with numbers of its own for one refusal."""

    def __init__(self, scene: Scene) -> None:
        self.city = scene.city
        self.post = Caller(scene.app, scene.settings, PROVINCE).post
        self.number = next(_numbers)

    def centre(self, **changes: Any) -> TestResponse:
        return self.post(CENTRES, json=a_centre(self.number, **changes))

    def filing(self, **changes: Any) -> TestResponse:
        own = {"name": f"示例评价中心{self.number}", "number_prefix": f"Y000013{self.number:06d}"}
        return self.post(ASSESSORS, json=a_filing(self.number, **own | changes))

    def closure(self, **more: Any) -> TestResponse:
        return self.post(f"{CENTRES}/{a_code(self.number)}/closure", json=REASON, **more)

    def withdrawal(self, **more: Any) -> TestResponse:
        return self.post(f"{ASSESSORS}/{a_code(self.number)}/withdrawal", json=REASON, **more)


def centres_not_allowed(bureau: Bureau) -> TestResponse:
    return bureau.city.post(CENTRES, json=a_centre(bureau.number))


def centre_not_found(bureau: Bureau) -> TestResponse:
    return bureau.closure()


def assessor_not_found(bureau: Bureau) -> TestResponse:
    return bureau.withdrawal()


def centre_already_registered(bureau: Bureau) -> TestResponse:
    bureau.centre()
    return bureau.centre()


def centre_already_closed(bureau: Bureau) -> TestResponse:
    bureau.centre()
    bureau.closure()
    return bureau.closure()


def assessor_already_filed(bureau: Bureau) -> TestResponse:
    bureau.filing()
    return bureau.filing()


def number_prefix_taken(bureau: Bureau) -> TestResponse:
    bureau.filing()
    return bureau.filing(credit_code=a_code(next(_numbers)))


def filing_already_withdrawn(bureau: Bureau) -> TestResponse:
    bureau.filing()
    bureau.withdrawal()
    return bureau.withdrawal()


def registration_changed(bureau: Bureau) -> TestResponse:
    bureau.centre()
    return bureau.closure(headers={"If-Match": '"7"'})


def centre_invalid(bureau: Bureau) -> TestResponse:
    return bureau.centre(region="河北省")


def assessor_invalid(bureau: Bureau) -> TestResponse:
    return bureau.filing(kind="S")


_STATUS: dict[int, tuple[Callable[[Bureau], TestResponse], ...]] = {
    403: (centres_not_allowed,),
    404: (centre_not_found, assessor_not_found),
    409: (
        *(centre_already_registered, centre_already_closed, assessor_already_filed),
        *(number_prefix_taken, filing_already_withdrawn),
    ),
    412: (registration_changed,),
    422: (centre_invalid, assessor_invalid),
}


def _provoke(act: Callable[[Bureau], TestResponse]) -> Callable[[Any], TestResponse]:
    return lambda scene: act(Bureau(scene))


PROVOKE = {act.__name__: (status, _provoke(act)) for status, acts in _STATUS.items() for act in acts}
