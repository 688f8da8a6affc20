"""What persons do with a bulletin between draft and issue: 起草, 核稿, 签发, each another person's. Pure.

《党政机关公文处理工作条例》 has drafting, review and signature as three acts before a document gets its number. That
they are three persons and not two is a default of ours: whoever signs should not have to judge their own review.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from contract.bulletins import (
    BulletinAction,
    BulletinChanged,
    BulletinInvalid,
    BulletinNeedsAnother,
    BulletinNotReady,
    BulletinsNotAllowed,
    BulletinState,
    BulletinStepNotOpen,
    ReviewDecision,
)
from contract.errors import field_error
from services.targets.bulletins.domain import Options

BEING_MADE = (BulletinState.QUEUED, BulletinState.RUNNING, BulletinState.ISSUING)
_BEFORE = 0  # no lease ever has this token: what carries it is every desk's to delete


@dataclass(frozen=True)
class Kept:
    """A file of a bulletin."""

    file_id: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Attempt:
    """What a desk wrote for a bulletin and is to be deleted unless that desk finishes it: a file, or a correction's
    entries. ``token``: of its lease. Only that desk and later ones may delete it."""

    token: int
    file_id: str | None = None
    items_id: str | None = None


@dataclass(frozen=True)
class Step:
    action: BulletinAction
    at: dt.datetime
    by: str
    reason: str | None = None


@dataclass(frozen=True)
class Bulletin:
    """``standing``: what there may be only one of, a round's bulletin or a correction that is under way; None of what
    was discarded or failed, of a correction that was issued, and of what was issued before 0.3. ``known``: of a
    correction, what is known by now, by service and seq. ``document`` and ``workbook`` are marked as drafts, and
    replaced, until there is a ``number``. ``items_id``: under which a correction's entries are kept. ``drafts``: files
    that a desk of before 0.3 was killed over."""

    bulletin_id: str
    state: BulletinState
    percent: int
    year: int
    title: str
    snapshot_id: str
    round_id: str
    period: str
    as_of: dt.date
    options: Options
    asked_by: str
    asked_at: dt.datetime
    version: int = 1
    standing: str | None = None
    steps: tuple[Step, ...] = ()
    corrects: str | None = None
    reason: str | None = None
    known: Mapping[str, int] | None = None
    failure: str | None = None
    number: int | None = None
    code: str | None = None
    issued_on: dt.date | None = None
    digest: str | None = None
    document: Kept | None = None
    workbook: Kept | None = None
    items_id: str | None = None
    attempts: tuple[Attempt, ...] = ()
    drafts: tuple[str, ...] = ()

    @property
    def reviewed_by(self) -> str | None:
        """Who passed the draft as it is; None while nobody has."""
        decided = (BulletinAction.PASS, BulletinAction.RETURN, BulletinAction.REVISE)
        last = next((step for step in reversed(self.steps) if step.action in decided), None)
        return last.by if last is not None and last.action is BulletinAction.PASS else None

    @property
    def issued_by(self) -> str | None:
        return next((step.by for step in self.steps if step.action is BulletinAction.ISSUE), None)


def check_version(bulletin: Bulletin, expected: int | None) -> None:
    """Raises BulletinChanged when the caller decided on another version than the one recorded."""
    if expected is not None and expected != bulletin.version:
        raise BulletinChanged(
            f"通报已被他人更改：当前版本为{bulletin.version}，请重新读取后再提交",
            f"the bulletin has changed and is now at version {bulletin.version}: read it again",
            facts={"version": bulletin.version},
        )


def drafted(bulletin: Bulletin, *, at: dt.datetime, by: str) -> Bulletin:
    """To be composed: the first step of each."""
    return replace(bulletin, steps=(Step(BulletinAction.DRAFT, at, by, bulletin.reason),))


def revise(
    bulletin: Bulletin,
    *,
    title: str | None,
    options: Options | None,
    reason: str | None,
    at: dt.datetime,
    by: str,
) -> Bulletin:
    """To be composed again; what is None stays. Raises BulletinNotReady, BulletinStepNotOpen, BulletinsNotAllowed,
    BulletinInvalid."""
    _require(bulletin, BulletinState.DRAFT, BulletinState.RETURNED)
    if by != bulletin.asked_by:
        raise BulletinsNotAllowed(
            f"修改由起草人（{bulletin.asked_by}）办理；换人起草的，请先废弃",
            "its drafter revises it; or discard it first",
        )
    if bulletin.corrects is None and reason is not None:
        raise _invalid("/reason", "unknown", "只有更正才填写原因", "only a correction has a reason")
    after = _without_files(bulletin, BulletinAction.REVISE, at=at, by=by)
    return replace(
        after,
        state=BulletinState.QUEUED,
        percent=0,
        title=title or bulletin.title,
        options=options or bulletin.options,
        reason=reason or bulletin.reason,
    )


def review(bulletin: Bulletin, *, decision: ReviewDecision, remarks: str | None, at: dt.datetime, by: str) -> Bulletin:
    """Returned also by whoever was to sign it. Raises BulletinNotReady, BulletinStepNotOpen, BulletinNeedsAnother,
    BulletinInvalid."""
    returning = decision == ReviewDecision.RETURN
    _require(bulletin, BulletinState.DRAFT, *([BulletinState.REVIEWED] if returning else []))
    _another(by, bulletin.asked_by, zh="起草人不核自己起草的通报", en="who drafted it does not review it")
    if returning and remarks is None:
        raise _invalid("/remarks", "missing", "退回须写明意见", "say why it is returned")
    action = BulletinAction.RETURN if returning else BulletinAction.PASS
    state = BulletinState.RETURNED if returning else BulletinState.REVIEWED
    return replace(_stepped(bulletin, action, at=at, by=by, reason=remarks), state=state)


def issue(bulletin: Bulletin, *, at: dt.datetime, by: str) -> Bulletin:
    """Signed; it gets its number when its documents are made. Raises BulletinNotReady, BulletinStepNotOpen,
    BulletinNeedsAnother."""
    _require(bulletin, BulletinState.REVIEWED)
    zh, en = "签发人不能是起草人或核稿人", "who drafted or reviewed it does not sign it"
    _another(by, bulletin.asked_by, bulletin.reviewed_by, zh=zh, en=en)
    after = _stepped(bulletin, BulletinAction.ISSUE, at=at, by=by)
    return replace(after, state=BulletinState.ISSUING, percent=0, failure=None)


def discard(bulletin: Bulletin, *, reason: str, at: dt.datetime, by: str) -> Bulletin:
    """Another may be drafted in its place. Raises BulletinNotReady, BulletinStepNotOpen."""
    _require(
        bulletin,
        *(BulletinState.QUEUED, BulletinState.RUNNING),
        *(BulletinState.DRAFT, BulletinState.RETURNED, BulletinState.REVIEWED),
    )
    after = _without_files(bulletin, BulletinAction.DISCARD, at=at, by=by, reason=reason)
    return replace(after, state=BulletinState.DISCARDED, standing=None)


def _stepped(
    bulletin: Bulletin, action: BulletinAction, *, at: dt.datetime, by: str, reason: str | None = None
) -> Bulletin:
    steps = (*bulletin.steps, Step(action, at, by, reason))
    return replace(bulletin, version=bulletin.version + 1, steps=steps)


def _without_files(bulletin: Bulletin, action: BulletinAction, **said: Any) -> Bulletin:
    files = [kept.file_id for kept in (bulletin.document, bulletin.workbook) if kept is not None]
    left = [Attempt(_BEFORE, file_id=file_id) for file_id in files]
    if bulletin.items_id is not None:
        left.append(Attempt(_BEFORE, items_id=bulletin.items_id))
    after = _stepped(bulletin, action, **said)
    return replace(after, document=None, workbook=None, items_id=None, attempts=(*bulletin.attempts, *left))


_STANDS = {
    BulletinState.DRAFT: ("草稿尚未核稿", "the draft has not been reviewed"),
    BulletinState.RETURNED: ("草稿已退回，待起草人修改", "the draft was returned to its drafter"),
    BulletinState.REVIEWED: (
        "已核稿，待签发；如须修改请先退回",
        "it was reviewed and waits to be signed: return it first",
    ),
    BulletinState.DONE: ("通报已印发，不再改动；数据有变动的，另行更正", "it was issued and never changes: correct it"),
    BulletinState.DISCARDED: ("通报已废弃，请另行起草", "it was discarded: draft another one"),
    BulletinState.FAILED: ("通报未能生成，请另行起草", "it could not be made: draft another one"),
}


def _require(bulletin: Bulletin, *states: BulletinState) -> None:
    if bulletin.state in states:
        return
    if bulletin.state in BEING_MADE:
        raise not_ready(bulletin)
    zh, en = _STANDS[bulletin.state]
    raise BulletinStepNotOpen(zh, en, facts={"state": bulletin.state.value})


def not_ready(bulletin: Bulletin) -> BulletinNotReady:
    if bulletin.state in BEING_MADE:
        zh, en = f"通报正在生成（{bulletin.percent}%），请稍后再试", f"it is still being made ({bulletin.percent} %)"
    else:
        zh, en = _STANDS[bulletin.state]
    return BulletinNotReady(zh, en, facts={"state": bulletin.state.value})


def _another(by: str, *others: str | None, zh: str, en: str) -> None:
    """Raises BulletinNeedsAnother."""
    if by in others:
        raise BulletinNeedsAnother(f"{zh}：请由另一人办理", f"{en}: somebody else has to")


def _invalid(pointer: str, code: str, zh: str, en: str) -> BulletinInvalid:
    fault = field_error(pointer, code, zh, en)
    return BulletinInvalid("通报要求有误，请按所列字段更正", "correct the listed fields and send it again", [fault])
