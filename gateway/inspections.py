"""Inspections (督导检查): planned, their samples by chance, and how anybody can have a sample drawn again."""

import hashlib

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import fields, targets
from contract import inspections as public
from contract.errors import CommandReused
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import pages, scopes
from gateway.bodies import canonical
from gateway.door import Asked, answer, ask, operation, polled
from gateway.openapi import Answer

blueprint = Blueprint("inspections", __name__, url_prefix="/v1/inspections", description="督导检查 · inspections")

SERVICE = "inspections"
READ = (scopes.INSPECTIONS_READ, scopes.INSPECTIONS_WRITE)
WRITE = (scopes.INSPECTIONS_WRITE,)


class InspectionList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Inspection), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class SampleUnitList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.SampleUnit), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class FrameLineList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(targets.FrameLine), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class Within(pages.Page):
    region = fields.RegionCode(metadata={"description": "行政区划代码，含下级 · a region and all below it"})


class ListInspections(Within):
    target_id = fields.Text(at_most=10)
    state = fields.Choice(public.InspectionState)


class ListFrame(pages.Page):
    limit = pages.Count(at_least=1, at_most=1000, load_default=500, metadata={"description": "每页条数 · items a page"})


@operation(
    blueprint,
    "POST",
    "",
    scopes=WRITE,
    body=public.PlanInspection(exclude=("command_id",)),
    example={
        "title": "养老护理员持证情况督导",
        "target_id": "12.1",
        "region": "130100",
        "size": 20,
        "members": ["督导一组"],
    },
    once=True,
    answers=Answer(
        201, public.Inspection, "已制定，样本随即抽出 · planned; its sample is drawn soon", headers=("Location",)
    ),
    refusals=(
        public.InspectionsNotAllowed,
        public.InspectionInvalid,
        RegionUnknown,
        RegionAmbiguous,
        CommandReused,
    ),
)
def plan_inspection(asked: Asked) -> Response:
    """制定督导方案并抽样 · Plan an inspection, which draws its sample

    种子缺省随机生成；无论由谁给出都记录在案，任何人可据此重抽。
    The seed is made by chance unless given, and recorded either way, so that anybody can draw the sample again.
    """
    found = ask(SERVICE, "plan_inspection", asked.command(), asked.actor)
    return answer(found, 201, Location=url_for("inspections.read_inspection", inspection_id=found["inspection_id"]))


@operation(
    blueprint,
    "GET",
    "",
    scopes=READ,
    query=ListInspections(),
    answers=Answer(200, InspectionList, "一页督导检查 · one page"),
    refusals=(public.InspectionsNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_inspections(asked: Asked) -> Response:
    """查询督导检查 · List inspections"""
    page = ask(SERVICE, "inspections", asked.actor, **pages.opened("inspections", asked.query))
    return answer(pages.closed("inspections", page))


@operation(
    blueprint,
    "GET",
    "/<id:inspection_id>",
    scopes=READ,
    answers=Answer(200, public.Inspection, "督导检查 · the inspection", cached=True),
    refusals=(public.InspectionsNotAllowed, public.InspectionNotFound),
)
def read_inspection(asked: Asked, inspection_id: str) -> Response:
    """一次督导检查：种子、抽样框摘要和结果汇总 · An inspection: its seed, the frame's digest, and what was found"""
    found = ask(SERVICE, "inspection", inspection_id, asked.actor)
    etag = hashlib.sha256(canonical(found)).hexdigest()[:32]
    return polled(found, etag=etag, cache="private, no-cache", weak=True)


@operation(
    blueprint,
    "GET",
    "/<id:inspection_id>/units",
    scopes=READ,
    query=Within(),
    answers=Answer(200, SampleUnitList, "一页样本 · one page of the sample"),
    refusals=(public.InspectionsNotAllowed, public.InspectionNotFound, RegionUnknown, RegionAmbiguous),
)
def list_units(asked: Asked, inspection_id: str) -> Response:
    """样本单位及其检查结果 · The units of the sample, and what each was found to be"""
    name = f"units/{inspection_id}"
    page = ask(SERVICE, "inspection_units", inspection_id, asked.actor, **pages.opened(name, asked.query))
    return answer(pages.closed(name, page))


@operation(
    blueprint,
    "GET",
    "/<id:inspection_id>/redraw",
    scopes=READ,
    cost=5,
    answers=Answer(200, targets.Redrawn, "重抽结果 · what came of it"),
    refusals=(targets.SampleNotFound,),
)
def redraw(asked: Asked, inspection_id: str) -> Response:
    """由保存的抽样框重抽并核对 · Draw the sample again from the kept frame

    按 sha256(种子|对象|依据) 排序，取前若干个；与当时公布的摘要和样本逐条一致时 proved 为 true。
    The frame in the order of sha256(seed|subject|fact_id); `proved` when digest and sample are as they were told.
    """
    return answer(ask("targets", "redraw", inspection_id, asked.actor))


@operation(
    blueprint,
    "GET",
    "/<id:inspection_id>/frame",
    scopes=READ,
    query=ListFrame(),
    cost=5,
    answers=Answer(200, FrameLineList, "一页抽样框 · one page of the frame"),
    refusals=(targets.SampleNotFound,),
)
def list_frame(asked: Asked, inspection_id: str) -> Response:
    """抽样框全部行，供自行重抽 · The whole frame, to draw from oneself

    只有标识，没有个人信息。
    Ids only, no personal data.
    """
    name = f"frame/{inspection_id}"
    page = ask("targets", "frame", inspection_id, asked.actor, **pages.opened(name, asked.query))
    return answer(pages.closed(name, page))
