"""Progress of the plan's indicators. Anybody may see it; the entries that prove it need a token. Who sees how much of
either is in contract/sight.py."""

import hashlib
from typing import Any

from flask import current_app
from flask_smorest import Blueprint
from werkzeug import Response

from contract import fields
from contract import targets as public
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import pages, scopes
from gateway.bodies import canonical
from gateway.door import Asked, answer, ask, operation, polled
from gateway.openapi import Answer

blueprint = Blueprint("targets", __name__, url_prefix="/v1/targets", description="指标进度 · targets")

SERVICE = "targets"
SHARED_SECONDS = 2
SHARED = f"public, max-age={SHARED_SECONDS}, stale-while-revalidate=10"
OWN = "private, max-age=2"


class TargetList(Message):
    items = fields.Many(fields.Nested(public.Target), required=True)


class ReadTarget(Message):
    region = fields.RegionCode(
        metadata={"description": "行政区划代码，缺省为全省 · a region; the province when absent"}
    )
    as_of = fields.Day(
        metadata={
            "description": "截至哪一天生效的事实，缺省为今天 · what took effect up to that day; today when absent"
        }
    )
    known_at = fields.Instant(metadata={"description": "截至何时已记录的事实 · and was recorded up to that instant"})
    by = fields.Text(
        at_most=10, metadata={"description": "分解：region 或 month · break down", "enum": ["region", "month"]}
    )


class ListEntries(pages.Page):
    limit = pages.Count(at_least=1, at_most=1000, load_default=100)
    region = fields.RegionCode()
    as_of = fields.Day()
    known_at = fields.Instant()


class EntryList(Message):
    """``next`` is null on the last page. ``resume``: where to go on later, on the last page too: what is written
    meanwhile comes after it, and nothing is left out."""

    items = fields.Many(fields.Nested(public.Entry), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=2000)
    resume = fields.Text(required=True, allow_none=True, at_most=2000)


@operation(
    blueprint,
    "GET",
    "",
    public=True,
    cost=5,
    answers=Answer(200, TargetList, "全省各项指标 · every indicator, for the province", cached=True),
)
def list_targets(asked: Asked) -> Response:
    """全部指标的全省进度 · Every indicator's progress"""
    items, _age = current_app.extensions["public"].get("targets", lambda: ask(SERVICE, "targets"))
    return polled({"items": items}, etag=_etag([_settled(item) for item in items]), cache=SHARED, weak=True)


@operation(
    blueprint,
    "GET",
    "/<target_id:target_id>",
    public=True,
    query=ReadTarget(),
    dearer={"by": 4, "known_at": 4},
    answers=Answer(200, public.Target, "进度；百分比不封顶 · progress; percentages are not capped", cached=True),
    refusals=(
        public.TargetNotFound,
        public.BreakdownUnknown,
        public.DetailNotPublic,
        RegionUnknown,
        RegionAmbiguous,
    ),
)
def read_target(asked: Asked, target_id: str) -> Response:
    """一项指标的进度 · One indicator's progress

    `as_of` 与 `known_at` 两个时间轴：“10月31日上报时”与“现在看10月31日”都能回答。
    Two clocks: `as_of` is the day in the world, `known_at` the moment we knew.

    不带令牌时，过小的地区数以 null 代替，省级以下不提供逐日、逐月数据；令牌在其辖区、职责之外所见与此相同。
    Without a token, counts too small to be shown are null, and there are no days and months below the province. With
    one it is the same outside of its own region and indicators.
    """
    found = ask(SERVICE, "target", target_id, asked.actor if asked.caller else None, **asked.query)
    cache = SHARED if asked.caller is None else OWN
    return polled(found, etag=_etag(_settled(found)), cache=cache, weak=True)


@operation(
    blueprint,
    "GET",
    "/<target_id:target_id>/entries",
    scopes=[scopes.TARGETS_READ],
    query=ListEntries(),
    dearer={"limit": 4},
    answers=Answer(200, EntryList, "一页依据 · one page of the proof"),
    refusals=(public.TargetNotFound, public.EntriesNotFound, RegionUnknown, RegionAmbiguous),
)
def list_entries(asked: Asked, target_id: str) -> Response:
    """数字的逐条依据 · The entries that a number is the sum of

    限本辖区、本部门；`region` 缺省为本人辖区。只有标识，没有个人信息；`subject`、`fact_id` 对不能查看证书、认定本身的
    令牌为 null。不带 `as_of` 时含以后才生效的依据；核对某个进度数，请填该进度数所写的 `as_of`。
    Of one's own region and indicators; `region` is one's own when absent. Ids only, no personal data; `subject` and
    `fact_id` are null to whoever may not see the certificates or awards themselves. Without `as_of` also those that
    take effect later: to check a figure, give the `as_of` that it states.
    """
    name = f"entries/{target_id}"
    page = ask(SERVICE, "entries", target_id, asked.actor, **pages.opened(name, asked.query))
    return answer(pages.closed(name, page))


def _settled(target: dict[str, Any]) -> dict[str, Any]:
    """Without what time alone changes: two answers with the same facts are the same to whoever polls."""
    return {name: value for name, value in target.items() if name not in ("known_at", "lag_seconds")}


def _etag(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()[:32]
