"""Hold: counting stands still for a moment, every queue at the same place of the log, so that a replay can be compared.

The relay sends each watermark to all queues at once. Whoever asks for a hold names an instant a little ahead, and each
queue stops at the first watermark from then on, which is the same one for all of them.
"""

import datetime as dt

from runtime.mongo import Store

_AHEAD = dt.timedelta(seconds=2)
_LONGEST = dt.timedelta(minutes=5)  # then counting goes on, even when whoever asked has died


class Hold:
    def __init__(self, store: Store) -> None:
        self._control = store["control"]

    def ask(self, *, now: dt.datetime) -> None:
        self._control.replace_one(
            {"_id": "hold"}, {"at": now + _AHEAD, "until": now + _LONGEST, "held": {}}, upsert=True
        )

    def release(self) -> None:
        self._control.delete_one({"_id": "hold"})

    def asked(self, at: dt.datetime, *, now: dt.datetime) -> bool:
        """Whether a queue that has just settled the watermark of instant ``at`` is to stand still."""
        hold = self._control.find_one({"_id": "hold"}, {"at": 1, "until": 1})
        return hold is not None and hold["at"] <= at and now < hold["until"]

    def held(self, queue: str, seq: int) -> None:
        self._control.update_one({"_id": "hold"}, {"$set": {f"held.{queue.replace('.', ':')}": seq}})

    def places(self) -> dict[str, int]:
        """The seq that each queue stands at."""
        hold = self._control.find_one({"_id": "hold"}) or {}
        return {queue.replace(":", "."): seq for queue, seq in hold.get("held", {}).items()}
