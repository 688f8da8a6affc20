"""What is remembered of the target tree.

goals                one document an indicator: how each node that was decided upon is now, read at once for a ledger
goal_changes         append-only: every version of every node, by whom, when and why
responsibles         one document a node with who answers for it; names sealed
responsible_changes  append-only: every version of those
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pymongo.client_session import ClientSession

import plan as plans
from contract.targets import GoalDecided
from plan import Plan
from runtime import clock, mongo
from runtime.config import Config
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from runtime.vault import Vault
from services.targets.tree import domain as decided
from services.targets.tree.domain import Action, Goal, Key, Responsible, Step

_GOAL = ("original", "adjusted", "reserve", "version", "document", "reason")
_NAMES = ("principal", "deputy", "contact", "contact_phone")


class Tree:
    """``plan`` gives the roots. Without a ``vault`` nobody's name can be read or written."""

    def __init__(self, store: Store, plan: Plan, vault: Vault | None = None) -> None:
        self.store = store
        self.plan = plan
        self._vault = vault
        self._goals = store["goals"]
        self._changes = store["goal_changes"]
        self._responsibles = store["responsibles"]
        self._responsible_changes = store["responsible_changes"]
        self._outbox = Outbox(store)

    def ensure_indexes(self) -> None:
        self._outbox.ensure_indexes()
        node = [("indicator", 1), ("region", 1)]
        self._responsibles.create_index(node, name="node", unique=True)
        for changes in (self._changes, self._responsible_changes):
            changes.create_index([*node, ("version", 1)], name="version", unique=True)

    def goals(
        self,
        codes: Sequence[str] | None = None,
        *,
        indicator: str | None = None,
        at: dt.datetime | None = None,
        session: ClientSession | None = None,
    ) -> dict[Key, Goal]:
        """By (indicator, region), as they were decided up to ``at``, of these regions or of all. A region that nothing
        was decided for is left out; the roots of the plan never are. One query."""
        roots = decided.roots(self.plan)
        if indicator is not None:
            roots = {key: goal for key, goal in roots.items() if key[0] == indicator}
        found = dict(roots)
        if at is None:
            asked = {} if indicator is None else {"_id": indicator}
            shown = None if codes is None else [f"nodes.{code}" for code in codes] + [f"nodes.{self.plan.region}"]
            for row in self._goals.find(asked, shown, session=session):
                of = row["_id"]
                for region, node in row.get("nodes", {}).items():
                    found[of, region] = _goal(node)
        else:
            for row in self._as_of(self._changes, codes, indicator, at):
                found[row["indicator"], row["region"]] = _goal([row[name] for name in _GOAL])
        for key, root in roots.items():
            if found[key] is not root:
                found[key] = replace(found[key], original=root.original)
        return found

    def responsibles(
        self,
        codes: Sequence[str] | None = None,
        *,
        indicator: str | None = None,
        at: dt.datetime | None = None,
        names: bool = True,
    ) -> dict[Key, Responsible]:
        """By (indicator, region). For the province the plan says who leads, until somebody is named. ``names``: opening
        one takes about 0.1 ms."""
        defaults = decided.owners(self.plan)
        found = {key: one for key, one in defaults.items() if indicator in (None, key[0])}
        rows: Iterable[Document]
        if at is None:
            rows = self._responsibles.find(_asked(codes, indicator))
        else:
            rows = self._as_of(self._responsible_changes, codes, indicator, at)
        for row in rows:
            key = (row["indicator"], row["region"])
            opened = self._vault.open(row["sealed"]) if names and self._vault and row["sealed"] else {}
            known = defaults.get(key, Responsible(None))
            found[key] = Responsible(
                lead=row["lead"] or known.lead,
                co=known.co if row["co"] is None else tuple(row["co"]),
                **{name: opened.get(name) for name in _NAMES},
                version=row["version"],
            )
        return found

    def history(self, indicator: str, region: str, *, at: dt.datetime | None = None) -> list[Document]:
        """Every version of one node up to ``at``, the oldest first: ``{version, action, at, by, …Goal}``."""
        asked: Document = {"indicator": indicator, "region": region}
        if at is not None:
            asked["at"] = {"$lte": at}
        rows = self._changes.find(asked, {"_id": 0}, hint="version").sort("version", 1)
        root = decided.roots(self.plan).get((indicator, region))
        return [
            row
            | {name: _number(row[name]) for name in ("original", "adjusted", "reserve")}
            | ({} if root is None else {"original": root.original})
            for row in rows
        ]

    def hold(self, session: ClientSession, indicators: Iterable[str]) -> None:
        """Two transactions that decide on the same indicators come one after the other: a part could otherwise be
        raised while its whole is lowered. Before anything is read."""
        mongo.lock(session, self._goals, *indicators, make=True)

    def put(self, session: ClientSession, indicator: str, steps: Iterable[Step], *, at: dt.datetime, by: str) -> None:
        """Write new versions of nodes. BulkWriteError when another transaction wrote one of them first."""
        nodes, changes = {}, []
        for step in steps:
            where = {"indicator": indicator, "region": step.region}
            row = where | {name: getattr(step.goal, name) for name in _GOAL}
            row |= {name: _written(row[name]) for name in ("original", "adjusted", "reserve")}
            if step.region == self.plan.region:
                row["original"] = None  # the plan's own number is the plan's to say
            nodes[f"nodes.{step.region}"] = [row[name] for name in _GOAL]
            changes.append({"_id": mongo.new_id(), **row, "action": Action(step.action).value, "at": at, "by": by})
        self._changes.insert_many(changes, session=session)
        self._goals.update_one({"_id": indicator}, {"$set": nodes}, upsert=True, session=session)
        for row in changes:
            self._say(session, row)

    def say_earlier(self) -> int:
        """Tell the log of versions that were decided before it was told of any; how many. Done again, none."""

        def work(session: ClientSession) -> int:
            told = {row["event"]["subject"] for row in self._outbox.of_type(GoalDecided, session)}
            rows = [row for row in self._changes.find({}, session=session).sort("_id", 1) if row["_id"] not in told]
            for row in rows:
                self._say(session, row, afterwards=True)
            return len(rows)

        return mongo.transact(self.store, work)

    def _say(self, session: ClientSession, row: Document, **more: bool) -> None:
        told = {name: row[name] for name in ("region", *_GOAL, "action")}
        told |= {name: _number(row[name]) for name in ("original", "adjusted", "reserve")}
        self._outbox.say(
            session,
            GoalDecided,
            subject=row["_id"],
            about=f"{row['indicator']}/{row['region']}",
            at=clock.now(),
            records=[("goal_changes", row)],
            target_id=row["indicator"],
            decided_at=row["at"],
            **told,
            **more,
        )

    def put_responsible(
        self, session: ClientSession, key: Key, said: Mapping[str, Any], *, version: int, at: dt.datetime, by: str
    ) -> None:
        """Write who answers for a node from now on. ``said``: lead, co and names, each only where it was given."""
        if self._vault is None:
            raise RuntimeError("without a vault nobody can be named")
        indicator, region = key
        names = {name: said[name] for name in _NAMES if name in said}
        row = {
            "indicator": indicator,
            "region": region,
            "lead": said.get("lead"),
            "co": said.get("co"),
            "sealed": self._vault.seal(names) if names else None,
            "version": version,
        }
        change = {"_id": mongo.new_id(), **row, "at": at, "by": by}
        self._responsible_changes.insert_one(change, session=session)
        self._responsibles.replace_one({"_id": f"{indicator}:{region}"}, row, upsert=True, session=session)
        self._outbox.note(session, "responsible_changes", change)
        self._outbox.note(session, "responsibles", row | {"_id": f"{indicator}:{region}"})

    def responsible_version(self, key: Key, session: ClientSession) -> int:
        found = self._responsibles.find_one({"_id": f"{key[0]}:{key[1]}"}, {"version": 1}, session=session)
        return found["version"] if found else 1

    def _as_of(
        self, changes: Any, codes: Sequence[str] | None, indicator: str | None, at: dt.datetime
    ) -> Iterable[Document]:
        newest: list[Document] = [
            {"$match": _asked(codes, indicator) | {"at": {"$lte": at}}},
            {"$sort": {"indicator": 1, "region": 1, "version": 1}},
            {"$group": {"_id": ["$indicator", "$region"], "row": {"$last": "$$ROOT"}}},
            {"$replaceRoot": {"newRoot": "$row"}},
        ]
        return changes.aggregate(newest)


def _asked(codes: Sequence[str] | None, indicator: str | None) -> Document:
    asked: Document = {} if indicator is None else {"indicator": indicator}
    return asked if codes is None else asked | {"region": {"$in": list(codes)}}


def _goal(node: Sequence[Any]) -> Goal:
    """From what was written, in the order of _GOAL."""
    original, adjusted, reserve, version, document, reason = node
    return Goal(_number(original), _number(adjusted), _number(reserve), version, document, reason)


def _number(stored: str | None) -> Decimal | None:
    return None if stored is None else Decimal(stored)


def _written(number: Decimal | None) -> str | None:
    """As text: read back the fastest, and exactly as it was said."""
    return None if number is None else format(number, "f")


@lru_cache(maxsize=4)
def tree(config: Config) -> Tree:
    """The process's own, with its indexes in place. Raises PlanUnreadable."""
    store = mongo.database(config, "targets")
    found = Tree(store, plans.read(config.plan_file), Vault(config, store))
    found.ensure_indexes()
    found.say_earlier()
    return found
