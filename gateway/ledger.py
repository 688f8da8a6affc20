"""The work ledger. Anybody may see progress of items and regions; months, texts and names are for whose they are
(contract/sight.py)."""

import hashlib
from typing import Any

from flask import current_app, request
from flask_smorest import Blueprint
from werkzeug import Response

from contract import fields, regions
from contract import ledger as public
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from contract.reports import Period
from contract.targets import BreakdownUnknown, DetailNotPublic
from gateway import downloads, scopes
from gateway.bodies import canonical
from gateway.door import Asked, ask, operation, polled
from gateway.downloads import XLSX
from gateway.openapi import Answer
from gateway.targets import OWN, SERVICE, SHARED

blueprint = Blueprint("ledger", __name__, url_prefix="/v1", description="工作台账 · the work ledger")

_AS_OF = {"description": "截至哪一天生效的事实 · what took effect up to that day"}
_PERIOD = {"description": "本期，月份 YYYY-MM · the month of 本期完成"}
_SEEN = (public.LedgerNotFound, public.LedgerPeriodOutside, RegionUnknown, RegionAmbiguous)


class ReadLedger(Message):
    item = public.Item(metadata={"description": "工程序号 · an item of the plan"})
    department = fields.Text(at_most=50, metadata={"description": "牵头或责任单位 · a department's name"})
    region = fields.RegionCode(metadata={"description": "行政区划代码，缺省为本人辖区 · one's own when absent"})
    by = fields.Text(
        at_most=10, metadata={"description": "region 为列出下一级地区 · the next level too", "enum": ["region"]}
    )
    as_of = fields.Day(metadata=_AS_OF)
    period = Period(metadata=_PERIOD)


class ReadMatrix(Message):
    as_of = fields.Day(metadata=_AS_OF)
    period = Period(metadata=_PERIOD)


@operation(
    blueprint,
    "GET",
    "/ledger",
    public=True,
    query=ReadLedger(),
    takes=20,
    cost=2,
    dearer={"by": 20},
    answers=Answer(200, public.WorkLedger, "台账各行 · rows of the ledger", cached=True),
    refusals=(*_SEEN, BreakdownUnknown, DetailNotPublic),
)
def read_ledger(asked: Asked) -> Response:
    """工作台账 · The work ledger

    不带令牌时，只有进度，没有文字、姓名和往月数据，过小的人数以 null 代替；令牌在其辖区、职责之外所见与此相同。
    文字、账号、姓名仅对本辖区、本部门的填报人、审核人和调度、督导人员列出。
    Without a token: progress only; no texts, names or earlier months, and numbers too small to be shown are null. A
    token gets the same of what is not of its region and indicators. Texts and names are for those of the work.
    """
    found = _found("ledger", asked)
    etag = hashlib.sha256(canonical({**found, "sources": None})).hexdigest()[:32]
    return polled(found, etag=etag, cache=_cache(asked), weak=True)


@operation(
    blueprint,
    "GET",
    "/ledger/matrix",
    public=True,
    query=ReadMatrix(),
    takes=20,
    cost=20,
    answers=Answer(200, public.LedgerMatrix, "全部指标与地区 · every indicator and region", cached=True),
    refusals=(public.LedgerNotFound, public.LedgerPeriodOutside, DetailNotPublic),
)
def read_matrix(asked: Asked) -> Response:
    """全部指标、全部地区 · Every indicator in every region

    各数组与 regions 的顺序一致。
    Each array is in the order of `regions`.
    """
    found = _found("ledger_matrix", asked)
    response = Response(found["json"], content_type="application/json")
    response.headers["Cache-Control"] = _cache(asked)
    response.headers["Vary"] = "Authorization"
    response.set_etag(found["etag"], weak=True)
    return response.make_conditional(request)


@operation(
    blueprint,
    "GET",
    "/ledger.xlsx",
    scopes=[scopes.TARGETS_READ],
    query=ReadLedger(),
    takes=50,
    cost=40,
    answers=Answer(200, None, "台账工作簿 · the ledger as a workbook", XLSX, headers=("Content-Disposition",)),
    refusals=(*_SEEN, BreakdownUnknown),
)
def download_ledger(asked: Asked) -> Response:
    """下载工作台账 · The work ledger as a workbook

    25栏，A3横向，可直接打印，限本辖区、本部门。责任人、联系人仅对可读取填报的令牌列出，不得缓存。
    25 columns, ready for A3, of one's own region and indicators. Names only for who may read reports: never cached.
    """
    found = ask(SERVICE, "ledger_workbook", asked.query, _actor(asked))
    region = asked.query.get("region", asked.actor["region"])
    response = downloads.made(found["content"], XLSX, f"ledger-{regions.get(region).code}.xlsx")
    response.headers["Cache-Control"] = "no-store"
    return response


def _found(method: str, asked: Asked) -> Any:
    """The public's is one for all, for as long as it says itself that it may be passed on."""
    actor = _actor(asked)
    if actor is not None:
        return ask(SERVICE, method, asked.query, actor)
    key = (method, canonical(asked.query))
    return current_app.extensions["public"].get(key, lambda: ask(SERVICE, method, asked.query, None))[0]


def _actor(asked: Asked) -> dict[str, Any] | None:
    return asked.actor if asked.caller is not None else None


def _cache(asked: Asked) -> str:
    return SHARED if asked.caller is None else OWN
