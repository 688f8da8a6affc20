"""The sample year of stars: about 300 applications played by real commands, once."""

from collections import Counter
from typing import Any

from contract import applications, housekeeping  # whose refusals a call may raise
from deploy import story
from deploy.ending import Ending
from runtime.config import Config
from runtime.files import Files
from runtime.rpc import Rpc
from samples import stars_year
from samples.stars import into
from services.housekeeping.procedures import domain as procedure

__all__ = ["INDICATORS", "applications", "housekeeping", "play", "retell"]

INDICATORS = ("19.1", "19.2")
_COHORTS = 5


class Ended(Exception):
    """The run is to end: what is not played yet stays unplayed."""


def play(settings: Config, *, size: int, ending: Ending) -> Counter[str] | None:
    """How many applications are in which state at the end; None when an earlier start played the year. ``size``:
    applications of each of the year's cohorts."""
    rpc = Rpc(settings)
    try:
        with story.bar(_COHORTS * size, "星级样例年度", unit="件") as bar:

            def call(method: str, *args: Any, **kwargs: Any) -> Any:
                if ending.is_set():
                    raise Ended
                bar.update(method == "open_application")
                return rpc.call("housekeeping", method, *args, timeout=30.0, **kwargs)

            return stars_year.play(call, into(Files(settings)), stars_year.waiting(call), size=size)
    except Ended:
        return Counter()
    finally:
        rpc.close()


def retell(states: Counter[str]) -> str:
    titles = {state.name: state.title for one in procedure.all_procedures().values() for state in one.states.values()}
    told = "、".join(f"{titles[state]} {number}" for state, number in states.most_common())
    return f"  {states.total()} 件申报：{told}\n  星级评审服务的演示时间停在样例年度：自 {stars_year.TODAY} 起继续走"
