"""Withdrawals (核减): a counted unit taken back by its owner on an inspection's word, and given back once mended."""

from flask import url_for
from flask_smorest import Blueprint
from werkzeug import Response

from contract import fields
from contract import withdrawals as public
from contract.errors import CommandReused
from contract.findings import FindingChanged, FindingNotFound
from contract.inspections import InspectionsNotAllowed
from contract.message import Message
from contract.regions import RegionAmbiguous, RegionUnknown
from gateway import pages
from gateway.door import Asked, answer, ask, etag, operation, polled
from gateway.inspections import READ, SERVICE, WRITE, Within
from gateway.openapi import Answer

blueprint = Blueprint("withdrawals", __name__, url_prefix="/v1", description="核减 · withdrawals")


class WithdrawalList(Message):
    """``next`` is null on the last page."""

    items = fields.Many(fields.Nested(public.Withdrawal), required=True)
    next = fields.Text(required=True, allow_none=True, at_most=500)


class ListWithdrawals(Within):
    target_id = fields.Text(at_most=10)
    inspection_id = fields.Id()
    state = fields.Choice(public.WithdrawalState)


@operation(
    blueprint,
    "POST",
    "/findings/<id:finding_id>/withdrawal",
    scopes=WRITE,
    body=public.OrderWithdrawal(exclude=("command_id", "finding_id", "expected_version")),
    example={"reason": "查无实据"},
    once=True,
    edits=True,
    answers=Answer(201, public.Withdrawal, "已下达，待执行 · ordered, pending", headers=("Location", "ETag")),
    refusals=(
        InspectionsNotAllowed,
        FindingNotFound,
        FindingChanged,
        public.WithdrawalNotPossible,
        public.WithdrawalByAnother,
        CommandReused,
    ),
)
def order_withdrawal(asked: Asked, finding_id: str) -> Response:
    """核减不属实的单位 · Have a unit withdrawn

    由记录发现的人以外的督导人员下达；由数据所属系统撤销证书、认定或扣减填报数，计数随之减少；是否已执行见 state。
    By another inspector than the one who recorded the finding. The owner revokes the certificate or award, or deducts
    from the report, and the count follows; `state` tells.
    """
    found = ask(SERVICE, "order_withdrawal", asked.command(finding_id=finding_id), asked.actor)
    where = url_for("withdrawals.read_withdrawal", order_id=found["order_id"])
    return answer(found, 201, Location=where, ETag=etag(found))


@operation(
    blueprint,
    "GET",
    "/withdrawals",
    scopes=READ,
    query=ListWithdrawals(),
    answers=Answer(200, WithdrawalList, "一页核减单 · one page"),
    refusals=(InspectionsNotAllowed, RegionUnknown, RegionAmbiguous),
)
def list_withdrawals(asked: Asked) -> Response:
    """查询核减单 · List withdrawals"""
    page = ask(SERVICE, "withdrawals", asked.actor, **pages.opened("withdrawals", asked.query))
    return answer(pages.closed("withdrawals", page))


@operation(
    blueprint,
    "GET",
    "/withdrawals/<id:order_id>",
    scopes=READ,
    answers=Answer(200, public.Withdrawal, "核减单 · the withdrawal", cached=True),
    refusals=(InspectionsNotAllowed, public.WithdrawalNotFound),
)
def read_withdrawal(asked: Asked, order_id: str) -> Response:
    """一份核减单及其执行情况 · A withdrawal, and what its owner answered"""
    found = ask(SERVICE, "withdrawal", order_id, asked.actor)
    return polled(found, etag=str(found["version"]), cache="private, no-cache")


@operation(
    blueprint,
    "POST",
    "/withdrawals/<id:order_id>/lifting",
    scopes=WRITE,
    body=public.LiftWithdrawal(exclude=("command_id", "order_id", "expected_version")),
    example={"reason": "整改到位，复查通过"},
    once=True,
    edits=True,
    answers=Answer(200, public.Withdrawal, "待恢复 · being lifted", headers=("ETag",)),
    refusals=(
        InspectionsNotAllowed,
        public.WithdrawalNotFound,
        public.WithdrawalChanged,
        public.WithdrawalNotPossible,
        CommandReused,
    ),
)
def lift_withdrawal(asked: Asked, order_id: str) -> Response:
    """复查通过后恢复 · Give a unit back once the re-check is passed"""
    found = ask(SERVICE, "lift_withdrawal", asked.command(order_id=order_id), asked.actor)
    return answer(found, ETag=etag(found))
