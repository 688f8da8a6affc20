"""What the public sees tells nothing of a number that is hidden from it, whatever is worked out from that number."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from contract import certification as certified
from runtime import config, mongo
from runtime.config import Config
from services.targets.counting import Counting
from services.targets.ledger.service import ledger_answers
from services.targets.progress import Progress
from services.targets.rules import rules
from services.targets.store import Counts
from services.targets.tree.domain import Action, Goal, Step
from services.targets.tree.store import Tree
from tests.services.targets.builders import a_said
from tests.services.targets.ledger.test_answers import TODAY, an_actor

CITY, SHOWN, HIDDEN, ALSO_HIDDEN = "130100", "130102", "130104", "130105"


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def counting(settings: Config) -> Counting:
    counts = Counts(mongo.database(settings, "targets"))
    counts.ensure_indexes()
    return Counting(counts, rules(ledger_answers(settings).plan), "targets.counting.0")


def certify(counting: Counting, region: str, people: int) -> None:
    names = [f"{region} {number}" for number in range(people)]
    counting.handle([a_said(person=name, certificate=name, region=region) for name in names])


def adjust(settings: Config, *regions: str) -> None:
    """Original and adjusted: then both percentages are worked out."""
    found = Tree(mongo.database(settings, "targets"), ledger_answers(settings).plan)
    steps = [Step(one, Action.ADJUSTED, Goal(Decimal(3), Decimal(4))) for one in regions]
    at = a_said().time
    mongo.transact(found.store, lambda session: found.put(session, "12.1", steps, at=at, by="dispatcher"))


def views(settings: Config) -> dict[str, Callable[[bool], Any]]:
    """Every answer in which the county's number, or what follows from it, stands; to the public or to an insider."""
    answers = ledger_answers(settings)
    progress = Progress(answers.plan, Counts(mongo.database(settings, "targets")), now=lambda: a_said().time)

    def ledger(public: bool, **said: str) -> Any:
        asked = answers.asked(said, None if public else an_actor(), today=TODAY)
        return answers.ledger(asked)

    return {
        "the city's ledger": lambda public: ledger(public, region=CITY, by="region", item="12"),
        "the county's ledger": lambda public: ledger(public, region=HIDDEN, item="12"),
        "the matrix": lambda public: answers.matrix({}, None if public else an_actor(), today=TODAY),
        "the city's target": lambda public: progress.target(
            {"target_id": "12.1", "region": CITY, "by": "region"}, to_the_public=public
        ),
        "the county's target": lambda public: progress.target(
            {"target_id": "12.1", "region": HIDDEN}, to_the_public=public
        ),
    }


def test_a_hidden_number_changes_nothing_that_the_public_sees(settings: Config, counting: Counting) -> None:
    """Two persons in one county and four in another, or three and three: from outside the same to the last field."""
    adjust(settings, SHOWN, HIDDEN, ALSO_HIDDEN)
    certify(counting, SHOWN, 9)
    certify(counting, HIDDEN, 2)
    certify(counting, ALSO_HIDDEN, 4)
    before = {name: (view(True), view(False)) for name, view in views(settings).items()}
    moved = {"person": f"{ALSO_HIDDEN} 3", "certificate": f"{ALSO_HIDDEN} 3", "version": 2, "region": HIDDEN}
    counting.handle([a_said(certified.CertificateCorrected, **moved)])  # one person's county is put right
    for name, view in views(settings).items():
        public, inside = before[name]
        assert view(True) == public, f"{name} tells of it"
        assert view(False) != inside, f"{name} does not show it to an insider: nothing was tried"
