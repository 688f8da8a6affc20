"""The target tree (目标分解): split between regions, adjusted within the year, and who answers for it."""

from flask_smorest import Blueprint
from werkzeug import Response

from contract import allocations as public
from contract import fields
from contract.errors import CommandReused
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from contract.targets import TargetNotFound
from gateway import scopes
from gateway.door import Asked, answer, ask, etag, operation
from gateway.openapi import Answer

blueprint = Blueprint("allocations", __name__, url_prefix="/v1/targets", description="目标分解 · the target tree")

SERVICE = "targets"


class ReadTree(Message):
    region = fields.RegionCode(
        metadata={"description": "行政区划代码，缺省为令牌的地区 · a region; the token's when absent"}
    )
    as_known_at = fields.Instant(
        metadata={"description": "截至何时已作出的决定 · as it was decided up to that instant"}
    )


class ReadResponsibles(Message):
    region = fields.RegionCode(
        metadata={"description": "行政区划代码，缺省为令牌的地区 · a region; the token's when absent"}
    )


class ResponsibleList(Message):
    items = fields.Many(fields.Nested(public.Responsible), required=True)


_SAID_ELSEWHERE = ("command_id", "target_id", "expected_version")  # by headers and path, not by the body
_SEEN = (TargetNotFound, public.NodeNotFound, RegionUnknown, RegionAmbiguous)
_DECIDED = (*_SEEN, public.AllocationNotAllowed, public.AllocationChanged, CommandReused)
_TREE = "/<target_id:target_id>/tree"


@operation(
    blueprint,
    "GET",
    _TREE,
    scopes=[scopes.TARGETS_READ, scopes.TARGETS_ADJUST],
    query=ReadTree(),
    answers=Answer(
        200, public.TargetTree, "该地区及其下一级的目标 · the region and the next level down", headers=("ETag",)
    ),
    refusals=(*_SEEN, public.AllocationInvalid),
)
def read_tree(asked: Asked, target_id: str) -> Response:
    """读取目标分解 · Read the target tree

    下级目标、机动与上级目标之差如实显示在 gap，可正可负；每次变更的人、时间、理由和文号见 history。
    Children and reserve need not come to the target: the difference is in `gap`, and may be negative.
    """
    found = ask(SERVICE, "tree", {"target_id": target_id, **asked.query}, asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/<target_id:target_id>/allocations",
    scopes=[scopes.TARGETS_ADJUST],
    body=public.AllocateTargets(exclude=_SAID_ELSEWHERE),
    example={
        "region": "130000",
        "reserve": "100",
        "children": [{"region": "130100", "target": "600"}, {"region": "130200", "target": "500"}],
        "document": "冀发改民生〔2023〕1号",
    },
    once=True,
    edits=True,
    answers=Answer(200, public.TargetTree, "分解后的目标 · the tree as it is now", headers=("ETag",)),
    refusals=(*_DECIDED, public.AllocationInvalid, public.TargetNotAllocated),
)
def allocate_targets(asked: Asked, target_id: str) -> Response:
    """分解目标 · Split a region's target between its children

    未列出的下级保持不变；更改已分解的目标须说明理由。省级由调度员办理，市级可由本市审核人办理。
    Who is not named keeps what they have; another number for a child that had one needs a `reason`.
    """
    found = ask(SERVICE, "allocate_targets", asked.command(target_id=target_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/<target_id:target_id>/adjustments",
    scopes=[scopes.TARGETS_ADJUST],
    body=public.AdjustTarget(exclude=_SAID_ELSEWHERE),
    example={"region": "130100", "adjusted": "550", "reason": "中央资金追加", "document": "冀发改民生〔2023〕9号"},
    once=True,
    edits=True,
    answers=Answer(200, public.TargetTree, "调整后的目标 · the tree as it is now", headers=("ETag",)),
    refusals=(*_DECIDED, public.AllocationInvalid, public.TargetNotAllocated, public.TargetNotAdjusted),
)
def adjust_target(asked: Asked, target_id: str) -> Response:
    """调整目标 · Adjust a target within the year

    原目标保留并列显示；adjusted 为 null 则撤回调整。由上一级办理，本级不能调整自己的目标。
    The original stays beside it; `adjusted` null takes it back. Nobody adjusts their own: the region above does.
    """
    found = ask(SERVICE, "adjust_target", asked.command(target_id=target_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/<target_id:target_id>/responsibles",
    scopes=[scopes.REPORTS_READ],
    query=ReadResponsibles(),
    answers=Answer(200, ResponsibleList, "该地区及其下一级的责任人 · of the region and the next level down"),
    refusals=_SEEN,
)
def list_responsibles(asked: Asked, target_id: str) -> Response:
    """读取责任人 · Who answers for the indicator

    牵头单位、责任单位、主要负责人、分管负责人、联系人；不公开。
    Lead and co-departments, who is responsible, and whom to call. Not public.
    """
    return answer(ask(SERVICE, "responsibles", {"target_id": target_id, **asked.query}, asked.actor))


@operation(
    blueprint,
    "POST",
    "/<target_id:target_id>/responsibles",
    scopes=[scopes.TARGETS_ADJUST],
    body=public.NameResponsible(exclude=_SAID_ELSEWHERE),
    once=True,
    edits=True,
    answers=Answer(200, public.Responsible, "已登记 · as it is now", headers=("ETag",)),
    refusals=(*_DECIDED, public.AllocationInvalid),
)
def name_responsible(asked: Asked, target_id: str) -> Response:
    """登记责任人 · Name who answers for the indicator in a region

    每次提交全部内容，未填的即为空。姓名和电话加密保存。
    The whole of it each time. Names and telephone are encrypted at rest.
    """
    found = ask(SERVICE, "name_responsible", asked.command(target_id=target_id), asked.actor)
    return answer(found, ETag=etag(found))
