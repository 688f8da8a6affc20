"""Dispatch rounds (调度): opened, amended, cancelled, reminded and closed by the province's dispatcher, followed by
whoever reports."""

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import fields
from contract import rounds as public
from contract.errors import CommandReused
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import pages, scopes
from gateway.door import Asked, answer, ask, etag, operation
from gateway.openapi import Answer

blueprint = Blueprint("rounds", __name__, url_prefix="/v1/rounds", description="调度 · dispatch rounds")

SERVICE = "reports"


class RoundList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.RoundSummary), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ReadRound(Message):
    unit = fields.RegionCode(metadata={"description": "只看该地区及其下级 · only this region and below"})
    department = fields.Text(at_most=50, metadata={"description": "只看该部门的指标 · only this department's"})


_READ = (scopes.REPORTS_READ, scopes.ROUNDS_WRITE)
_WRITE = (scopes.ROUNDS_WRITE,)
_PATH = ("command_id", "round_id", "expected_version")  # said by headers and path, not by the body
_KEPT = (CommandReused, public.RoundsNotAllowed)


@operation(
    blueprint,
    "POST",
    "",
    scopes=_WRITE,
    body=public.OpenRound(exclude=("command_id",)),
    example={"period": "2023-05"},
    once=True,
    answers=Answer(201, public.Round, "已开始 · opened", headers=("Location", "ETag")),
    refusals=(*_KEPT, public.RoundInvalid, public.RoundAlreadyOpen, public.PeriodAlreadyClosed),
)
def open_round(asked: Asked) -> Response:
    """开始一期调度 · Open a round

    只填 period 即可：开始日缺省为当日，截止日缺省为次月第5个工作日。编号在方案年度内连续。
    `period` is enough: it opens today and is due on the fifth working day of the next month. Numbers are consecutive
    within the plan's year.
    """
    found = ask(SERVICE, "open_round", asked.command(), asked.actor)
    location = url_for("rounds.read_round", round_id=found["round_id"])
    return answer(found, 201, Location=location, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "",
    scopes=_READ,
    query=pages.Page(),
    answers=Answer(200, RoundList, "一页调度，新的在前 · one page, the newest first"),
    refusals=(public.RoundsNotAllowed,),
)
def list_rounds(asked: Asked) -> Response:
    """历次调度 · List the rounds"""
    page = ask(SERVICE, "rounds", asked.actor, **pages.opened("rounds", asked.query))
    return answer(pages.closed("rounds", page))


@operation(
    blueprint,
    "GET",
    "/<id:round_id>",
    scopes=_READ,
    query=ReadRound(),
    answers=Answer(200, public.Round, "本期调度及填报情况 · the round, and who has filed", headers=("ETag",)),
    refusals=(public.RoundNotFound, public.RoundsNotAllowed, RegionUnknown, RegionAmbiguous),
)
def read_round(asked: Asked, round_id: str) -> Response:
    """读取一期调度：应报、已报、迟报、未报 · Read a round: who has filed, late, or not

    迟报指首次填报晚于截止日，未报指从未填报。关闭前为当前情况，关闭后为关闭时的情况。
    Late is what was filed for the first time after `due_on`, missing what never was: as it is now of an open round, as
    it was then of a closed one.
    """
    found = ask(SERVICE, "round", round_id, asked.actor, **asked.query)
    return answer(found, ETag=etag(found), Cache_Control="private, no-cache")


@operation(
    blueprint,
    "POST",
    "/<id:round_id>/amendments",
    scopes=_WRITE,
    body=public.AmendRound(exclude=_PATH),
    example={"due_on": "2023-06-09", "reason": "端午节前集中核实数据，延期两日"},
    once=True,
    edits=True,
    answers=Answer(200, public.Round, "调整后的调度 · the round as it is now", headers=("ETag",)),
    refusals=(
        *(*_KEPT, public.RoundNotFound, public.RoundAlreadyClosed, public.RoundAlreadyCancelled),
        *(public.RoundPastDue, public.RoundInvalid, public.RoundChanged),
    ),
)
def amend_round(asked: Asked, round_id: str) -> Response:
    """调整一期调度的起止日 · Move a round's opening or its last day

    截止日过后不能再改；已经开始的，只能改截止日。迟报按调整后的截止日认定，原来的安排和理由留在 amendments。
    Until the last day is over; of a round that has opened only the last day. Late is judged by the amended day; what
    was before, and why it changed, stays in `amendments`.
    """
    found = ask(SERVICE, "amend_round", asked.command(round_id=round_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/<id:round_id>/cancellation",
    scopes=_WRITE,
    body=public.CancelRound(exclude=_PATH),
    example={"reason": "期别选错，另行开始"},
    once=True,
    edits=True,
    answers=Answer(200, public.Round, "取消后的调度 · the round as it is now", headers=("ETag",)),
    refusals=(
        *(*_KEPT, public.RoundNotFound, public.RoundAlreadyClosed, public.RoundAlreadyCancelled),
        public.RoundChanged,
    ),
)
def cancel_round(asked: Asked, round_id: str) -> Response:
    """取消一期调度 · Cancel a round

    只能取消尚未关闭的。已填报的数据不受影响，无人因此迟报；编号不再使用，该期可重新开始。
    Until it is closed. What was filed stays, and nobody is late in it; its number is not used again, and its period
    may be opened anew.
    """
    found = ask(SERVICE, "cancel_round", asked.command(round_id=round_id), asked.actor)
    return answer(found, ETag=etag(found))


@operation(
    blueprint,
    "POST",
    "/<id:round_id>/reminders",
    scopes=_WRITE,
    body=public.RemindRound(exclude=_PATH),
    example={},
    once=True,
    edits=True,
    answers=Answer(201, public.Round, "已催报 · reminded", headers=("Location", "ETag")),
    refusals=(
        *(*_KEPT, public.RoundNotFound, public.RoundAlreadyClosed, public.RoundAlreadyCancelled),
        *(public.NobodyToRemind, public.RoundChanged),
    ),
)
def remind(asked: Asked, round_id: str) -> Response:
    """催报：记录此刻尚未填报的单位 · Remind who has not filed, and note who that was"""
    found = ask(SERVICE, "remind_round", asked.command(round_id=round_id), asked.actor)
    location = url_for("rounds.read_reminder", round_id=round_id, number=found["reminders"][-1]["number"])
    return answer(found, 201, Location=location, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/<id:round_id>/reminders/<int:number>",
    scopes=_READ,
    answers=Answer(200, public.Reminded, "催报对象 · who was reminded"),
    refusals=(public.RoundNotFound, public.RoundsNotAllowed),
)
def read_reminder(asked: Asked, round_id: str, number: int) -> Response:
    """一次催报的对象 · Who was reminded"""
    return answer(ask(SERVICE, "reminder", round_id, number, asked.actor))


@operation(
    blueprint,
    "POST",
    "/<id:round_id>/closure",
    scopes=_WRITE,
    body=public.CloseRound(exclude=_PATH),
    example={"reason": "各地均已填报"},
    once=True,
    edits=True,
    answers=Answer(200, public.Round, "关闭后的调度 · the round as it is now", headers=("ETag",)),
    refusals=(
        *(*_KEPT, public.RoundNotFound, public.RoundAlreadyClosed, public.RoundAlreadyCancelled),
        *(public.RoundNotDue, public.RoundChanged),
    ),
)
def close_round(asked: Asked, round_id: str) -> Response:
    """关闭一期调度并锁定数据 · Close a round; its figures are locked

    截止日过后方可关闭，提前关闭须填写 reason。随后锁定数据快照，见 snapshot。
    After its last day, or with a `reason`. A snapshot of all figures follows: see `snapshot`.
    """
    found = ask(SERVICE, "close_round", asked.command(round_id=round_id), asked.actor)
    return answer(found, ETag=etag(found))
