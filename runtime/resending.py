"""Resending: a relay publishes again what a hearer lacks, straight to the queue that lacks it, beside what is new.

Whoever asks names the watermark that did not fit. What was asked about a watermark from before the last answer is
dropped, because the answer is still on its way behind it; what is still missing then is asked for again.
"""

import datetime as dt
import json
import time
from dataclasses import dataclass
from typing import Any

import structlog

from contract.message import routing_key
from runtime import rabbit
from runtime.outbox import Outbox
from runtime.places import START, Place, place_of
from runtime.routes import Routes
from runtime.watermarks import Watermarks

log = structlog.get_logger()

_PAGE = 1000
_REMEMBERED = 10.0  # seconds; a hearer asks again at each watermark


@dataclass
class _Range:
    """What is still to be published again to a queue: after ``after``, up to ``upto`` or all there is. ``last`` went
    to it before."""

    after: int
    last: Place
    upto: int | None = None


class Resending:
    """Of one relay on one connection."""

    def __init__(
        self, service: str, outbox: Outbox, routes: Routes, publisher: rabbit.Publisher, watermarks: Watermarks
    ) -> None:
        self._service = service
        self._outbox = outbox
        self._routes = routes
        self._publisher = publisher
        self._watermarks = watermarks
        self._ranges: dict[str, _Range] = {}
        self._answered: dict[str, int] = {}  # the number of the watermark that ended the last answer
        self._forked: dict[str, float] = {}  # since when, while it is asked again

    @property
    def forked(self) -> bool:
        """Whether a hearer has lately named a place that is not in the log."""
        return any(time.monotonic() - at < _REMEMBERED for at in self._forked.values())

    def listen(self, published: int, at: dt.datetime) -> None:
        """Begin to answer what was asked since."""
        while (body := self._publisher.get(rabbit.resend_queue(self._service).name)) is not None:
            try:
                asked = json.loads(body)
                queue = asked["queue"]
                if queue not in self._routes.subscriptions:
                    log.warning("relay.asked_for_another_queue", queue=queue)
                elif "relay" in asked:
                    self._answer(asked, published, at)
                elif asked.get("restart"):
                    self._begin(queue, START, "restart", published, at)
                else:
                    self._ranges[queue] = _Range(
                        asked["after"], self._routes.last(queue, upto=asked["after"]), asked["to"]
                    )
            except (ValueError, KeyError, TypeError) as error:
                log.error("relay.not_a_request", service=self._service, error=type(error).__name__)

    def _answer(self, asked: dict[str, Any], published: int, at: dt.datetime) -> None:
        queue, place = asked["queue"], Place(*asked["place"])
        new = asked["relay"] == self._watermarks.relay and asked["number"] > self._answered.get(queue, 0)
        if not new or queue in self._ranges:
            return
        if not self._is_in_the_log(place):
            self._tell_of_a_fork(queue, place, published, at)
            return
        self._publisher.publish_all(rabbit.Outgoing("", queue, each) for each in self._outbox.at(asked["again"]))
        self._begin(queue, place, "rejoin", published, at)

    def _is_in_the_log(self, place: Place) -> bool:
        if place.seq == 0:
            return True
        row = next(iter(self._outbox.at([place.seq])), None)
        return row is not None and place_of(row).is_at(place)

    def _tell_of_a_fork(self, queue: str, place: Place, published: int, at: dt.datetime) -> None:
        hearer = self._routes.subscriptions[queue].hearer
        if queue not in self._forked:
            log.error(
                "relay.log_forked",
                queue=queue,
                taken=place.seq,
                published=published,
                what=f"{hearer} has taken event {place.seq}, which is not in the log of {self._service}: one of their "
                f"databases was set back. Restore {hearer} to a moment not later than {self._service}'s; or, to go on "
                f'with this log, run make resend ARGS="{self._service} --restart --queue {queue}", then make replay '
                "ARGS=--accept (docs/decisions/24-what-setting-back-a-database-means.md)",
            )
        self._forked[queue] = time.monotonic()
        mark = self._watermarks.mark(published, at, None, word="forked", of=place)
        self._answered[queue] = mark.number
        self._watermarks.send({queue: mark})

    def _begin(self, queue: str, place: Place, word: Any, published: int, at: dt.datetime) -> None:
        self._forked.pop(queue, None)
        last = self._routes.last(queue, upto=min(place.seq, published))
        log.info("relay.resending", queue=queue, after=place.seq, word=word)
        mark = self._watermarks.mark(last.seq, at, last, word=word, of=place)
        self._watermarks.send({queue: mark})
        self._ranges[queue] = _Range(last.seq, last)

    def advance(self, published: int, at: dt.datetime) -> bool:
        """Publish the next page of what was asked for; whether there was any."""
        for queue, range in list(self._ranges.items()):
            end = published if range.upto is None else min(published, range.upto)
            page = self._outbox.page(range.after, min(_PAGE, end - range.after)) if range.after < end else []
            range.last = self._publish(queue, page, range.last)
            range.after = page[-1]["seq"] if page else end
            if range.after >= end:
                del self._ranges[queue]
                if range.upto is None:
                    mark = self._watermarks.mark(published, at, range.last)
                    self._answered[queue] = mark.number
                    self._watermarks.send({queue: mark})
            return True
        return False

    def _publish(self, queue: str, envelopes: list[dict[str, Any]], last: Place) -> Place:
        lasts = {queue: last}
        keyed = [(routing_key(each), each) for each in envelopes]
        self._publisher.publish_all(
            rabbit.Outgoing("", queue, each, {rabbit.PREVIOUS: self._routes.follow(key, each, lasts)})
            for key, each in keyed
            if queue in self._routes.of(key)
        )
        return lasts[queue]
