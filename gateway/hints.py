"""Hints (异常线索): what looks odd, as cases that people own and conclude. Nothing counted changes by them."""

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import fields
from contract import hints as public
from contract.errors import CommandReused
from contract.inspections import AnomalyKind
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import pages, scopes
from gateway.door import Asked, answer, ask, operation, polled
from gateway.openapi import Answer

blueprint = Blueprint("hints", __name__, url_prefix="/v1", description="异常线索 · hints at what looks odd")

SERVICE = "inspections"
_READ = (scopes.INSPECTIONS_READ, scopes.INSPECTIONS_WRITE)
_WRITE = (scopes.INSPECTIONS_WRITE,)
_PATH = ("command_id", "hint_id", "expected_version")  # said by headers and path, not by the body
_HINT = Answer(200, public.Hint, "办理后的线索 · the hint as it is now", headers=("ETag",))
_KEPT = (
    *(CommandReused, public.HintsNotAllowed, public.HintNotFound, public.HintChanged),
    public.HintConcludedAlready,
)


class HintList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Hint), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListHints(pages.Page):
    region = fields.RegionCode(metadata={"description": "行政区划代码，含下级 · a region and all below it"})
    target_id = fields.Text(at_most=10)
    kind = fields.Choice(AnomalyKind)
    state = fields.Choice(public.HintState)
    outcome = fields.Choice(public.HintOutcome)
    owner = fields.Text(at_most=100)


@operation(
    blueprint,
    "GET",
    "/hints",
    scopes=_READ,
    query=ListHints(),
    answers=Answer(200, HintList, "一页线索 · one page"),
    refusals=(public.HintsNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_hints(asked: Asked) -> Response:
    """查询异常线索 · List hints

    限督导人员和牵头部门。
    For inspectors and the dispatcher.
    """
    page = ask(SERVICE, "hints", asked.actor, **pages.opened("hints", asked.query))
    return answer(pages.closed("hints", page))


@operation(
    blueprint,
    "GET",
    "/hints/<id:hint_id>",
    scopes=_READ,
    answers=Answer(200, public.Hint, "线索 · the hint", cached=True),
    refusals=(public.HintsNotAllowed, public.HintNotFound),
)
def read_hint(asked: Asked, hint_id: str) -> Response:
    """读取异常线索及核查经过 · Read a hint and what became of it"""
    found = ask(SERVICE, "hint", hint_id, asked.actor)
    return polled(found, etag=str(found["version"]), cache="private, no-cache")


@operation(
    blueprint,
    "POST",
    "/hints/<id:hint_id>/assignment",
    scopes=_WRITE,
    body=public.AssignHint(exclude=_PATH),
    example={"owner": "省督导组"},
    once=True,
    edits=True,
    answers=_HINT,
    refusals=(*_KEPT, public.HintInvalid),
)
def assign_hint(asked: Asked, hint_id: str) -> Response:
    """分派核查 · Give it to somebody to look into"""
    return _changed("assign_hint", asked, hint_id)


@operation(
    blueprint,
    "POST",
    "/hints/<id:hint_id>/conclusion",
    scopes=_WRITE,
    body=public.ConcludeHint(exclude=_PATH),
    example={"outcome": "属实", "text": "两家机构共用同一名册，已启动督导检查"},
    once=True,
    edits=True,
    answers=_HINT,
    refusals=(*_KEPT, public.HintNotAssigned, public.HintNotYours, public.InspectionUnknown),
)
def conclude_hint(asked: Asked, hint_id: str) -> Response:
    """记录核查结果 · Say what came of it

    由核查单位办理；“待核”仅作记录，继续核查。核减须另行督导检查。
    By its owner; 待核 is noted and it goes on. Nothing is withdrawn by this: that takes an inspection.
    """
    return _changed("conclude_hint", asked, hint_id)


@operation(
    blueprint,
    "POST",
    "/anomaly-looks",
    scopes=_READ,
    body=public.LookForAnomalies(exclude=("command_id",)),
    example={"as_of": "2023-10-31"},
    once=True,
    cost=5,
    answers=Answer(202, public.AnomalyLook, "已安排 · will be done shortly", headers=("Location",)),
    refusals=(CommandReused, public.HintsNotAllowed),
)
def look_for_anomalies(asked: Asked) -> Response:
    """立即筛查异常 · Look for what is odd, now

    系统每日自动筛查；此前已发现的不再重复。
    It is done each day anyway; what was noticed before is not told again.
    """
    found = ask("targets", "look_for_anomalies", asked.command(), asked.actor)
    return answer(found, 202, Location=url_for("hints.read_anomaly_look", look_id=found["look_id"]))


@operation(
    blueprint,
    "GET",
    "/anomaly-looks/<id:look_id>",
    scopes=_READ,
    answers=Answer(200, public.AnomalyLook, "筛查 · the look, and what came of it"),
    refusals=(public.HintsNotAllowed, public.LookNotFound),
)
def read_anomaly_look(asked: Asked, look_id: str) -> Response:
    """读取一次筛查 · Read what came of a look"""
    return answer(ask("targets", "anomaly_look", look_id, asked.actor), Cache_Control="private, no-cache")


def _changed(command: str, asked: Asked, hint_id: str) -> Response:
    found = ask(SERVICE, command, asked.command(hint_id=hint_id), asked.actor)
    return answer(found, ETag=f'"{found["version"]}"')
