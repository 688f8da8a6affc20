"""What every record of inspections that people work on has: a version, and every step that led to it."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from contract.errors import Stale


@dataclass(frozen=True, slots=True)
class Step:
    """``event`` is what happened, ``by`` the account of who did it, for ``organisation``; ``text`` what they said."""

    version: int
    event: str
    at: dt.datetime
    by: str
    organisation: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    version: int
    history: tuple[Step, ...] = field(repr=False)


Record = TypeVar("Record", bound=Tracked)


def begun(event: str, *, at: dt.datetime, by: str, organisation: str, text: str | None = None) -> dict[str, Any]:
    """Version and history of a record that is new."""
    return {"version": 1, "history": (Step(1, event, at, by, organisation, text),)}


def stepped(
    record: Record,
    event: str,
    *,
    at: dt.datetime,
    by: str,
    organisation: str,
    text: str | None = None,
    **changes: Any,
) -> Record:
    step = Step(record.version + 1, event, at, by, organisation, text)
    return replace(record, version=step.version, history=(*record.history, step), **changes)


def check_version(record: Tracked, expected: int | None, stale: type[Stale]) -> None:
    """Raises ``stale`` when the caller decided on another version than the one recorded."""
    if expected is not None and expected != record.version:
        raise stale(
            f"记录已被他人更改：当前版本为{record.version}，请重新读取后再提交",
            f"the record has changed and is now at version {record.version}: read it again",
            facts={"version": record.version},
        )
