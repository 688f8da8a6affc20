"""Problems (问题台账): put on the books, worked on, shown to be mended, and taken off them by somebody else. Pure."""

import datetime as dt
from dataclasses import dataclass

from contract.errors import field_error
from contract.matters import (
    MatterKind,
    MatterNotSettled,
    MatterSettledAlready,
    MattersNotAllowed,
    MatterState,
    OwnSettlement,
    SettlementAskedAlready,
    SettlementNotAsked,
)
from contract.words import Role
from services.inspections.about import About, invalid
from services.inspections.access import Actor
from services.inspections.evidence import Proof
from services.inspections.history import Tracked, begun, stepped

_SETTLERS = (Role.DISPATCHER, Role.INSPECTOR, Role.REPORT_REVIEWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter(Tracked):
    """``organisation`` registered it; ``asked_by`` is the account that asked for it to be settled."""

    matter_id: str
    item: int
    target_id: str | None
    region: str
    kind: MatterKind
    title: str
    text: str
    owner: str
    due_on: dt.date
    state: MatterState
    registered_on: dt.date
    organisation: str
    asked_by: str | None = None
    settled_on: dt.date | None = None
    evidence: tuple[Proof, ...] = ()

    def overdue(self, today: dt.date) -> bool:
        return self.state is not MatterState.SETTLED and today > self.due_on

    @property
    def late(self) -> bool | None:
        return None if self.settled_on is None else self.settled_on > self.due_on


def register(
    *,
    matter_id: str,
    about: About,
    kind: MatterKind,
    title: str,
    text: str,
    owner: str,
    due_on: dt.date,
    today: dt.date,
    at: dt.datetime,
    who: Actor,
) -> Matter:
    """Raises MatterInvalid."""
    _not_past(due_on, today)
    return Matter(
        matter_id=matter_id,
        item=about.item,
        target_id=about.target_id,
        region=about.region,
        kind=kind,
        title=title,
        text=text,
        owner=owner,
        due_on=due_on,
        state=MatterState.OPEN,
        registered_on=today,
        organisation=who.organisation,
        **begun("registered", at=at, by=who.client_id, organisation=who.organisation),
    )


def update(matter: Matter, *, text: str, at: dt.datetime, who: Actor) -> Matter:
    """Raises MatterSettledAlready, MattersNotAllowed."""
    _on_the_books(matter)
    _has_to_do_with(matter, who)
    return stepped(matter, "updated", at=at, by=who.client_id, organisation=who.organisation, text=text)


def ask_settlement(matter: Matter, *, text: str, evidence: tuple[Proof, ...], at: dt.datetime, who: Actor) -> Matter:
    """``evidence`` adds to what was shown before. Raises MatterSettledAlready, SettlementAskedAlready,
    MattersNotAllowed."""
    _on_the_books(matter)
    _has_to_do_with(matter, who)
    if matter.state is MatterState.SETTLEMENT_ASKED:
        raise SettlementAskedAlready(
            "已申请销账，请等待核销；有新进展可更新进展",
            "settlement has been asked for: wait for the decision, or tell what is new as progress",
        )
    return stepped(
        matter,
        "settlement_asked",
        at=at,
        by=who.client_id,
        organisation=who.organisation,
        text=text,
        state=MatterState.SETTLEMENT_ASKED,
        asked_by=who.client_id,
        evidence=(*matter.evidence, *evidence),
    )


def settle(matter: Matter, *, text: str, today: dt.date, at: dt.datetime, who: Actor) -> Matter:
    """Raises MatterSettledAlready, SettlementNotAsked, OwnSettlement, MattersNotAllowed."""
    _decides(matter, who)
    return stepped(
        matter,
        "settled",
        at=at,
        by=who.client_id,
        organisation=who.organisation,
        text=text,
        state=MatterState.SETTLED,
        settled_on=today,
    )


def give_back(matter: Matter, *, reason: str, at: dt.datetime, who: Actor) -> Matter:
    """Raises MatterSettledAlready, SettlementNotAsked, OwnSettlement, MattersNotAllowed."""
    _decides(matter, who)
    return stepped(
        matter,
        "settlement_returned",
        at=at,
        by=who.client_id,
        organisation=who.organisation,
        text=reason,
        state=MatterState.OPEN,
        asked_by=None,
    )


def reopen(
    matter: Matter, *, reason: str, due_on: dt.date | None, today: dt.date, at: dt.datetime, who: Actor
) -> Matter:
    """Raises MatterNotSettled, MatterInvalid, MattersNotAllowed."""
    if matter.state is not MatterState.SETTLED:
        raise MatterNotSettled("该问题尚未销账", "the problem is still on the books")
    if who.role not in _SETTLERS:
        raise _not_allowed()
    if due_on is not None:
        _not_past(due_on, today)
    return stepped(
        matter,
        "reopened",
        at=at,
        by=who.client_id,
        organisation=who.organisation,
        text=reason,
        state=MatterState.OPEN,
        due_on=due_on or matter.due_on,
        settled_on=None,
        asked_by=None,
    )


def _on_the_books(matter: Matter) -> None:
    if matter.state is MatterState.SETTLED:
        raise MatterSettledAlready(
            "该问题已销账；如又出现，请重新挂账",
            "the problem is settled; if it has come back, reopen it",
        )


def _has_to_do_with(matter: Matter, who: Actor) -> None:
    """The owner, who registered it, and the dispatcher (牵头抓总)."""
    if who.organisation not in (matter.owner, matter.organisation) and who.role is not Role.DISPATCHER:
        raise MattersNotAllowed(
            f"由责任单位“{matter.owner}”、登记单位或牵头部门办理",
            "this is for the problem's owner, who registered it, or the dispatcher to do",
        )


def _decides(matter: Matter, who: Actor) -> None:
    _on_the_books(matter)
    if matter.state is not MatterState.SETTLEMENT_ASKED:
        raise SettlementNotAsked(
            "责任单位尚未申请销账，请先由其申请并附佐证",
            "settlement has not been asked for: its owner asks first, and shows the proof",
        )
    if who.client_id == matter.asked_by or who.organisation == matter.owner:
        raise OwnSettlement(
            "申请人和责任单位不能自行销账，请由其他单位核销",
            "who asked for it, and its owner, cannot settle it: another organisation has to",
        )
    if who.role not in _SETTLERS:
        raise _not_allowed()


def _not_past(due_on: dt.date, today: dt.date) -> None:
    if due_on < today:
        zh, en = f"不能早于今天（{today}）", f"must not lie before today ({today})"
        raise invalid([field_error("/due_on", "past", zh, en)])


def _not_allowed() -> MattersNotAllowed:
    return MattersNotAllowed(
        "销账和重新挂账由审核人员、督导人员或牵头部门办理",
        "settling and reopening is for reviewers, inspectors and the dispatcher to do",
    )
