"""Sequence: what came through one queue on one connection. Handlers finish in any order, the place moves in its own."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from contract.message import Said
from runtime.failures import describe
from runtime.places import Ask, Mark, Passed, Places

log = structlog.get_logger()

Heard = Said | Mark | Passed


@dataclass
class _Item:
    settled: bool = False
    heard: Heard | None = None


class Sequence:
    """Not for several threads; greenlets may take turns."""

    def __init__(self, queue: str, places: Places) -> None:
        self._queue = queue
        self._places = places
        self._items: deque[_Item] = deque()
        self._of: dict[int, _Item] = {}
        self._moving = False

    def arrived(self, message: Any) -> None:
        item = self._of[id(message)] = _Item()
        self._items.append(item)

    def left(self, message: Any) -> None:
        """It goes back to the queue: the place stays before it until it comes again."""
        for _ in self.settled(message, None):
            pass

    def settled(self, message: Any, heard: Heard | None) -> Iterator[Ask]:
        """Move the place over everything at the front that is settled; gives what is to be asked of the relay.
        ``heard`` is None for what the place is not to move over."""
        item = self._of.pop(id(message), None)
        if item is None:
            return  # of a connection before this one, which brings it again
        item.settled, item.heard = True, heard
        if self._moving:
            return  # whoever moves it already comes to this one too
        self._moving = True
        try:
            while heard_now := self._front():
                try:
                    _, ask = self._places.take(self._queue, heard_now)
                except PyMongoError as error:
                    log.warning("events.place_not_moved", queue=self._queue, error=describe(error))
                    continue
                if ask is not None:
                    yield ask
        finally:
            self._moving = False

    def _front(self) -> list[Heard]:
        found: list[Heard] = []
        while self._items and self._items[0].settled:
            heard = self._items.popleft().heard
            if heard is not None:
                found.append(heard)
        return found
