"""The worker that does what a day brings. What is due lies with each record, so that after a stop everything is caught
up, in its order."""

from collections.abc import Sequence
from typing import Protocol

from runtime import chores
from runtime.config import Config
from runtime.quarantine import Quarantine
from services.inspections import store
from services.inspections.greenways.job import GreenwayChore
from services.inspections.supervision.job import Overdue


class Chore(Protocol):
    """``look`` does all that is due by now, each once, and says how much that was. A record that it cannot process is
    set aside."""

    def look(self, quarantine: Quarantine) -> int: ...


class Clock(chores.Clock):
    def __init__(self, config: Config, chores_due: Sequence[Chore], *, pause: float = chores.PAUSE) -> None:
        super().__init__(store.inspections(config).store, pause=pause)
        self._chores = chores_due

    def look(self) -> int:
        """Do all that is due by now; how much that was."""
        return sum(chore.look(self._quarantine) for chore in self._chores)


def worker(config: Config) -> Clock:
    return Clock(config, [Overdue(config), GreenwayChore(config)])
