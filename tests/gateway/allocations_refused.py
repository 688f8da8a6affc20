"""Every refusal of the target tree, provoked as a client would provoke it."""

from collections.abc import Callable
from typing import Any, Protocol

from flask import Flask
from werkzeug.test import TestResponse

from runtime.config import Config
from tests.gateway.callers import Caller

TARGETS = "/v1/targets"
CITY, OTHER_CITY, COUNTY = "130100", "130200", "130102"


class Scene(Protocol):
    app: Flask
    settings: Config


def a_split(*children: tuple[str, str], region: str = "130000", **said: Any) -> dict[str, Any]:
    listed = [{"region": code, "target": target} for code, target in children]
    return {"region": region, "reserve": "0", "children": listed, "document": "冀发改民生〔2023〕1号", **said}


def an_adjustment(adjusted: str | None, region: str = CITY, **said: Any) -> dict[str, Any]:
    return {"region": region, "adjusted": adjusted, "reason": "核定", "document": "冀发改民生〔2023〕9号", **said}


class Office:
    """The province's dispatcher, and a unit's reviewer."""

    def __init__(self, scene: Scene) -> None:
        self.province = Caller(scene.app, scene.settings, "dispatcher")
        self.city = Caller(scene.app, scene.settings, "report-reviewer-130100")

    def split(self, body: dict[str, Any], id: str = "11.1", **more: Any) -> TestResponse:
        return self.province.post(f"{TARGETS}/{id}/allocations", json=body, **more)

    def adjust(self, body: dict[str, Any], id: str = "11.1", **more: Any) -> TestResponse:
        return self.province.post(f"{TARGETS}/{id}/adjustments", json=body, **more)


def allocation_not_allowed(office: Office) -> TestResponse:
    return office.city.post(f"{TARGETS}/11.1/adjustments", json=an_adjustment("1"))


def node_not_found(office: Office) -> TestResponse:
    return office.city.get(f"{TARGETS}/11.1/tree?region={OTHER_CITY}")


def target_not_allocated(office: Office) -> TestResponse:
    return office.adjust(an_adjustment("1", OTHER_CITY), id="18.1")


def target_not_adjusted(office: Office) -> TestResponse:
    return office.adjust(an_adjustment(None, "130000"), id="18.1")


def allocation_changed(office: Office) -> TestResponse:
    return office.split(a_split((CITY, "10")), headers={"If-Match": '"77"'})


def allocation_invalid(office: Office) -> TestResponse:
    return office.split(a_split((COUNTY, "1")))


_STATUS: dict[int, tuple[Callable[[Office], TestResponse], ...]] = {
    403: (allocation_not_allowed,),
    404: (node_not_found,),
    409: (target_not_adjusted, target_not_allocated),
    412: (allocation_changed,),
    422: (allocation_invalid,),
}


def _provoke(act: Callable[[Office], TestResponse]) -> Callable[[Any], TestResponse]:
    return lambda scene: act(Office(scene))


PROVOKE = {act.__name__: (status, _provoke(act)) for status, acts in _STATUS.items() for act in acts}
