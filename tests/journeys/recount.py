"""What the journeys hand in while something dies, and what must have become of it."""

import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial

from runtime import rabbit
from tests.journeys.centre import DISPATCHER, Centre, a_real_roster, newly_certified
from tests.programme import Programme, until

ROWS = 10_000


def killed_in_the_middle(programme: Programme, centre: Centre, crashes: Iterable[Callable[[], None]]) -> None:
    """One crash after the other while ten thousand rows are imported and counted, each once rows have been counted
    since the one before. Then the counters equal a plain recount, the audit agrees, and nothing was parked."""
    roster = a_real_roster(ROWS, seed=20_000)
    expected = newly_certified(roster)
    job = centre.hand_in(roster)
    for number, crash in enumerate(crashes):
        until(partial(_more, centre, centre.value() + 300), what="some rows are counted")
        middle = centre.value() < len(expected) and (number > 0 or centre.job(job)["state"] == "running")
        assert middle, "too fast for this test: nothing was in the middle of its work"
        crash()

    ended = centre.finished(job)
    assert (ended["state"], ended["created"]) == ("done", ROWS)
    programme.settle()
    assert centre.value() == len(expected)
    for unit in ("130100", "133100", "130682"):
        answer = centre.rpc.call("targets", "target", "12.1", DISPATCHER, region=unit, by="region")
        for county in answer["children"]:
            assert int(county["value"]) == list(expected.values()).count(county["region"])
    audit = subprocess.run([sys.executable, "-m", "audit"], capture_output=True, text=True, check=False)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    with rabbit.connection(programme.config) as broker:
        assert broker.channel().queue_declare("targets.parked", passive=True).message_count == 0


def _more(centre: Centre, than: int) -> bool:
    return centre.value() > than
