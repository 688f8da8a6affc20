"""The barrier of a replay: counting stands still for a moment, every queue at the same place of the log, so that live
and replayed counts can be compared.

The relay sends each watermark to all queues at once. A replay names an instant a little ahead, and each queue stops at
the first watermark from then on, which is the same one for all of them.

Counting goes on when the barrier is gone: taken away by its replay, or, when it has run out, by the first queue that
notices. So a replay that finds its own barrier in a transaction knows that nothing was counted since, and nothing can
be counted until that transaction has ended.
"""

import datetime as dt

from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from runtime.mongo import Store

_AHEAD = dt.timedelta(seconds=2)
_LASTS = 20_000  # milliseconds by the database's clock; renewed while its replay lives
_UNTIL = {"$add": ["$$NOW", _LASTS]}


class BarrierLost(Exception):
    """The barrier ran out or is another replay's: what was compared may no longer be so."""


class Hold:
    def __init__(self, store: Store) -> None:
        self._control = store["control"]

    def ask(self, *, token: int, now: dt.datetime) -> None:
        """``token``: the replay's fencing token. Raises BarrierLost when a later replay has one."""
        barrier = {"token": token, "at": now + _AHEAD, "held": {"$literal": {}}, "until": _UNTIL}
        mine = {"_id": "hold", "$or": [{"token": {"$lte": token}}, {"token": {"$exists": False}}]}
        try:
            self._control.update_one(mine, [{"$set": barrier}], upsert=True)
        except DuplicateKeyError:
            raise BarrierLost from None

    def renew(self, token: int) -> None:
        self._control.update_one({"_id": "hold", "token": token}, [{"$set": {"until": _UNTIL}}])

    def fence(self, session: ClientSession, token: int) -> None:
        """Raises BarrierLost unless every queue still stands where it stopped. Written, not only read: whoever takes
        the barrier away meanwhile meets this transaction."""
        stands = self._control.update_one(
            {"_id": "hold", "token": token}, [{"$set": {"until": _UNTIL}}], session=session
        )
        if not stands.matched_count:
            raise BarrierLost

    def release(self, token: int) -> None:
        self._control.delete_one({"_id": "hold", "token": token})

    def asked(self, at: dt.datetime) -> bool:
        """Whether a queue that has just settled the watermark of instant ``at`` is to stand still."""
        since = self.since()
        return since is not None and since <= at

    def since(self) -> dt.datetime | None:
        """The instant from which on a watermark brings its queue to a stand."""
        self.lift()
        barrier = self._control.find_one({"_id": "hold"}, {"at": 1})
        return None if barrier is None else barrier["at"]

    def lift(self) -> None:
        """Take the barrier away when it has run out: whoever asked for it can no longer act on it."""
        self._control.delete_one({"_id": "hold", "$expr": {"$lte": ["$until", "$$NOW"]}})

    def held(self, queue: str, seq: int, at: dt.datetime) -> None:
        """The queue stands at the watermark of ``seq`` and ``at``."""
        self._control.update_one({"_id": "hold", "at": {"$lte": at}}, {"$set": {f"held.{_name(queue)}": seq}})

    def stands(self, queue: str, session: ClientSession) -> bool:
        """Whether this queue was brought to a stand: by its consumer before, when there is a new one."""
        asked = {"_id": "hold", f"held.{_name(queue)}": {"$exists": True}}
        return self._control.find_one(asked, {"_id": 1}, session=session) is not None

    def places(self) -> dict[str, int]:
        """The seq that each queue stands at."""
        hold = self._control.find_one({"_id": "hold"}) or {}
        return {queue.replace(":", "."): seq for queue, seq in hold.get("held", {}).items()}


def _name(queue: str) -> str:
    return queue.replace(".", ":")
