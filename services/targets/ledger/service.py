"""What targets answers of the work ledger. ``actor`` is contract.actor.Actor, None the public."""

import base64
import datetime as dt
import hashlib
from functools import lru_cache
from typing import Any

import orjson

import plan as plans
from contract.actor import Actor
from contract.errors import Refused
from runtime.config import Config
from runtime.hosting import Settings, rpc
from runtime.mongo import database
from services.targets.copies.matters import Matters
from services.targets.copies.remarks import Remarks
from services.targets.copies.rounds import Rounds
from services.targets.ledger.answers import Answers
from services.targets.ledger.rows import Ledger
from services.targets.ledger.store import Rollups
from services.targets.ledger.workbook import workbook
from services.targets.store import Counts, timepiece
from services.targets.tree.store import tree


class LedgerCalls:
    settings: Settings

    @rpc(expected_exceptions=Refused)
    def ledger(self, asked: dict[str, Any], actor: dict[str, Any] | None = None) -> dict[str, Any]:
        """ReadLedger -> WorkLedger. Refuses LedgerNotFound, LedgerPeriodOutside, DetailNotPublic, BreakdownUnknown."""
        answers = ledger_answers(self.settings)
        return answers.ledger(answers.asked(asked, _who(actor), today=self._today()))

    @rpc(expected_exceptions=Refused)
    def ledger_matrix(self, asked: dict[str, Any], actor: dict[str, Any] | None = None) -> dict[str, str]:
        """ReadMatrix -> ``{"json", "etag"}``, a LedgerMatrix written out: what has forty thousand numbers is not taken
        apart again on its way. Refuses LedgerNotFound, LedgerPeriodOutside, DetailNotPublic."""
        answers = ledger_answers(self.settings)
        matrix = answers.matrix(asked, _who(actor), today=self._today())
        sources = matrix.pop("sources")  # they move with every event, whether or not it changed a number
        shown, told = orjson.dumps(matrix), orjson.dumps({"sources": sources})
        etag = hashlib.sha256(shown).hexdigest()[:32]
        return {"json": (told[:-1] + b"," + shown[1:]).decode(), "etag": etag}

    @rpc(expected_exceptions=Refused)
    def ledger_workbook(self, asked: dict[str, Any], actor: dict[str, Any]) -> dict[str, str]:
        """ReadLedger -> ``{"content"}``, an xlsx in base64 of some hundred kilobytes: of what the actor sees in detail.
        Refuses as ``ledger``."""
        answers = ledger_answers(self.settings)
        meant = answers.own(answers.asked(asked, _who(actor), today=self._today()))
        content = workbook(
            answers.plan, answers.rows(meant), region=meant.region, as_of=meant.as_of, period=meant.period
        )
        return {"content": base64.b64encode(content).decode()}

    def _today(self) -> dt.date:
        return timepiece.today(self.settings)


def _who(actor: dict[str, Any] | None) -> Actor | None:
    return None if actor is None else Actor.of(actor)


def ledger(config: Config) -> Ledger:
    """Of this process. Raises PlanUnreadable."""
    store = database(config, "targets")
    return Ledger(
        plans.read(config.plan_file),
        Rollups(Counts(store)),
        tree(config),
        Remarks(store),
        Rounds(store),
        Matters(store),
    )


@lru_cache(maxsize=4)
def ledger_answers(config: Config) -> Answers:
    return Answers(plans.read(config.plan_file), ledger(config), Counts(database(config, "targets")))
