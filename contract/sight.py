"""Who sees which view of what, as data. A route's scopes (gateway/scopes.py) are who may ask; this is what they get.

Two bounds hold of every answer: with a token nobody gets less than without one, and nobody gets more than their role,
their region and their relation to a thing give them. Services ask here, so that no two of them draw another line.
"""

from collections.abc import Collection, Mapping
from enum import IntEnum
from typing import Any

from contract.actor import Actor
from contract.words import Role


class View(IntEnum):
    """Of progress: targets, the work ledger, the target tree. Each contains the one before it."""

    PUBLIC = 0  # as it is now; what is so small that it points at somebody is left out
    NUMBERS = 1  # every number, of any day and month
    WORK = 2  # and what is said of the work: problems, next steps, accounts, who answers for it


# Within the role's own region, and of the indicators that it has to do with. Anywhere else it is the public view.
PROGRESS: Mapping[Role, View] = {
    Role.TRAINING_CENTRE: View.PUBLIC,
    Role.APPLICANT: View.PUBLIC,
    Role.REVIEWER: View.PUBLIC,
    Role.PARTNER: View.NUMBERS,
    Role.CIVIL_AFFAIRS: View.NUMBERS,
    Role.FEDERATION: View.NUMBERS,
    Role.REPORTER: View.WORK,
    Role.REPORT_REVIEWER: View.WORK,
    Role.DISPATCHER: View.WORK,
    Role.INSPECTOR: View.WORK,
}
PROGRESS_SCOPE, WORK_SCOPE = "targets:read", "reports:read"

_OFFICES = (
    *(Role.CIVIL_AFFAIRS, Role.FEDERATION, Role.REPORTER, Role.REPORT_REVIEWER),
    *(Role.DISPATCHER, Role.INSPECTOR),
)

# What a counted unit is -> (the scope, the roles) with which its units are told apart: who it is that an entry, a
# sample or a finding is about. Of people only to those who may see their certificates or awards themselves.
UNITS: Mapping[str, tuple[str | None, Collection[Role]]] = {
    "certificate": ("certificates:read", (Role.CIVIL_AFFAIRS, Role.DISPATCHER, Role.INSPECTOR)),
    "award": ("stars:read", (Role.FEDERATION, Role.DISPATCHER, Role.INSPECTOR)),
    "activity": ("stars:read", (Role.FEDERATION, Role.DISPATCHER, Role.INSPECTOR)),
    "report": (None, (*_OFFICES, Role.PARTNER)),
    "sum": (None, (*_OFFICES, Role.PARTNER)),
}

# Who learns by which account something was done. Everybody else learns of their own only: in all else that they are
# answered, these fields are null (the gateway sees to it), unless they say what is nobody's account.
ACCOUNTS: Collection[Role] = _OFFICES
ACCOUNT_FIELDS = frozenset(
    {"by", "filed_by", "reviewed_by", "opened_by", "closed_by", "asked_by", "ordered_by", "cancelled_by", "issued_by"}
)
NO_ACCOUNTS = frozenset({"clock", "reviewer"})

# Bulletins repeat the problems of every region, so they are for the offices that they are addressed to.
BULLETINS: Collection[Role] = _OFFICES


def progress(who: Actor | None) -> View:
    """Of what lies in their region and is theirs; ``who`` None is anybody without a token."""
    if who is None or who.role is None or not who.has(PROGRESS_SCOPE):
        return View.PUBLIC
    return min(PROGRESS[who.role], View.WORK if who.has(WORK_SCOPE) else View.NUMBERS)


def tells_apart(who: Actor, fact: str) -> bool:
    scope, roles = UNITS[fact]
    return who.role in roles and (scope is None or who.has(scope))


def without_accounts(told: Any, own: str) -> Any:
    """An answer for whom accounts other than their ``own`` are not shown."""
    if isinstance(told, list):
        return [without_accounts(each, own) for each in told]
    if not isinstance(told, dict):
        return told
    return {
        name: None
        if name in ACCOUNT_FIELDS and isinstance(value, str) and value not in {own, *NO_ACCOUNTS}
        else without_accounts(value, own)
        for name, value in told.items()
    }


def bulletins(who: Actor) -> bool:
    return who.role in BULLETINS
