"""Every refusal of the work ledger, provoked as a client would provoke it."""

from typing import Any

from werkzeug.test import TestResponse


def ledger_not_found(scene: Any) -> TestResponse:
    return scene.city.get("/v1/ledger?item=77")


def ledger_period_outside(scene: Any) -> TestResponse:
    return scene.city.get("/v1/ledger?period=2022-12")


PROVOKE = {
    "ledger_not_found": (404, ledger_not_found),
    "ledger_period_outside": (422, ledger_period_outside),
}
