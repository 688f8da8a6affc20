"""Counting: one consumer for each queue turns what services say into standings, entries and rollups."""

import gc
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import structlog
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError

import plan
from contract import regions, reports
from contract.certification import CertificateEvent
from contract.housekeeping import AwardEvent
from contract.message import Event, Said
from contract.reports import DeductionEvent, ReportEvent
from contract.subscriptions import SUBSCRIPTIONS
from runtime.batches import BatchConsumer, Heard, NotYet
from runtime.config import Config
from runtime.mongo import database, transact
from runtime.places import Ask, Mark, Places, Steps
from services.targets.copies.remarks import Remarks
from services.targets.domain import DEDUCTION, Cause, Fact, Rule, Standing, told
from services.targets.hold import Hold
from services.targets.rules import rules
from services.targets.store import Changes, Counts, Key

log = structlog.get_logger()

_DUPLICATE_KEY = 11000
_ATTEMPTS = 5


class Counting:
    """Settles what one queue brings, for every rule."""

    def __init__(
        self,
        counts: Counts,
        rules: Sequence[Rule],
        queue: str,
        remarks: Remarks | None = None,
        hold: Hold | None = None,
        places: Places | None = None,
    ) -> None:
        self._counts = counts
        self._places = places  # of the live count; a replay reads the logs, where nothing can be missing
        self._remarks = remarks  # of the queue that brings reports; a replay counts beside, and keeps none
        self._hold = hold  # of the live count
        self._rules: dict[str, list[Rule]] = defaultdict(list)
        for rule in rules:
            self._rules[rule.fact].append(rule)
        self._queue = queue

    def handle(self, heard: Sequence[Heard]) -> Ask | None:
        """Write all of the batch in one transaction, or raise and write nothing; what is to be asked of the relay, when
        the queue lacks something. Raises NotYet while the queue was brought to a stand by a consumer that has gone, or
        is about to."""
        facts = [step for said in heard if isinstance(said, Said) for step in steps(said)]

        def work(session: ClientSession) -> tuple[bool, Ask | None]:
            if self._hold and self._hold.stands(self._queue, session):
                return False, None
            changes = self._changes(facts, session)
            self._counts.write(changes, session)
            if self._remarks:
                self._remarks.keep(heard, session)
            if self._places is None:
                for mark in {said.service: said for said in heard if isinstance(said, Mark)}.values():
                    self._counts.mark(self._queue, mark.service, mark.seq, mark.at, session)
                return True, None
            begin = partial(self._counts.begin, self._queue, session)
            reached, ask = self._places.take(self._queue, heard, session, begin=begin)
            self._note(reached, session)
            return True, ask

        for attempt in range(1, _ATTEMPTS + 1):
            try:
                settled, ask = transact(self._counts.store, work)
                if settled:
                    return ask
                assert self._hold
                self._hold.lift()  # it may have run out with nobody left to notice
                raise NotYet
            except BulkWriteError as error:
                # Two queues met at a person whom a correction moved between them: one of them reads again.
                codes = {fault["code"] for fault in error.details.get("writeErrors", [])}
                if codes != {_DUPLICATE_KEY} or attempt == _ATTEMPTS:
                    raise
        return None

    def _note(self, reached: Steps, session: ClientSession) -> None:
        if reached.void:
            self._counts.unmark(self._queue, session)
        if (mark := reached.reached) is not None:
            self._counts.mark(self._queue, mark.service, mark.seq, mark.at, session)

    def _changes(self, facts: Sequence[tuple[str, Fact, Cause]], session: ClientSession) -> Changes:
        changes = Changes(self._queue)
        concerned = [(rule, *step) for step in facts for rule in self._rules[step[1].fact] if rule.hears(step[1])]
        keys: list[Key] = list({(rule.indicator, subject): None for rule, subject, _, _ in concerned})
        standings = self._counts.read(keys, session) if keys else {}
        for rule, subject, fact, cause in concerned:
            key = (rule.indicator, subject)
            before = standings.get(key) or Standing(subject)
            after, entries = told(rule, before, fact, cause=cause)
            if after is before:
                continue
            standings[key] = changes.standings[key] = after
            changes.revs.setdefault(key, before.rev)
            changes.entries.extend((rule.indicator, entry) for entry in entries)
        return changes


def steps(said: Said) -> Iterable[tuple[str, Fact, Cause]]:
    """(subject, fact, cause) for each subject whom an event is about. Raises RegionUnknown for a region that this
    deployment does not know yet: the event is parked, and replayed once it does."""
    cause = Cause(event_id=said.id, event=said.event.type(), service=said.service, seq=said.seq, recorded_at=said.time)
    subject, fact = _READ[_kind(said.event)](said.data)
    yield subject, fact, cause
    previous = said.data.get("previous_person_key")
    if previous and previous != subject:
        yield previous, replace(fact, held=False), cause


@cache
def _kind(event: type[Event]) -> type:
    """Looked up once for each event: asking a schema's class costs as much as the rest of reading it."""
    return next(kind for kind in _READ if issubclass(event, kind))


def _certificate(data: dict[str, Any]) -> tuple[str, Fact]:
    return data["person_key"], Fact(
        fact_id=data["certificate_id"],
        version=data["version"],
        fact="certificate",
        kind=data["occupation"],
        grade=data["level"],
        on=data["issued_on"],
        since=data["issued_on"],
        region=regions.get(data["region"]).code,
        status=data["status"],
        verification=data["verification"],
    )


def _award(data: dict[str, Any]) -> tuple[str, Fact]:
    return data["subject_key"], Fact(
        fact_id=data["award_id"],
        version=data["version"],
        fact="award",
        kind=data["subject_kind"],
        grade=str(data["stars"]),
        on=data["awarded_on"],
        since=data["effective_on"],
        region=regions.get(data["region"]).code,
        status=data["status"],
    )


def _report(data: dict[str, Any]) -> tuple[str, Fact]:
    return f"{data['target_id']}/{data['region']}", Fact(
        fact_id=data["report_id"],
        version=data["version"],
        fact="report",
        kind=data["target_id"],
        grade="figure",
        on=data["effective_on"],
        since=data["effective_on"],
        region=regions.get(data["region"]).code,
        status=data["status"],
        amount=data["figure"],
    )


def _deduction(data: dict[str, Any]) -> tuple[str, Fact]:
    return f"{data['target_id']}/{data['region']}", Fact(
        fact_id=data["deduction_id"],
        version=data["version"],
        fact="report",
        kind=data["target_id"],
        grade=DEDUCTION,
        on=data["effective_on"],
        since=data["effective_on"],
        region=regions.get(data["region"]).code,
        status="deducted",
        amount=data["amount"],
    )


_READ: dict[type, Callable[[dict[str, Any]], tuple[str, Fact]]] = {
    CertificateEvent: _certificate,
    AwardEvent: _award,
    ReportEvent: _report,
    DeductionEvent: _deduction,
}


class Worker:
    """All queues of `targets.counting`, a thread each. More processes may run: each queue has one active consumer."""

    def __init__(self, config: Config) -> None:
        store = database(config, "targets")
        self._counts = Counts(store)
        self._hold = Hold(store)
        self._remarks = Remarks(store)
        self._places = Places(store)
        counted_by = rules(plan.read(config.plan_file))
        self._consumers = [
            BatchConsumer(
                config,
                subscription,
                Counting(
                    self._counts,
                    counted_by,
                    subscription.queue,
                    self._remarks if subscription.events == reports.COUNTED else None,
                    self._hold,
                    self._places,
                ).handle,
                stops_at=self._stops_at,
                after_mark=self._pause(subscription.queue),
                passed_over=partial(self._places.pass_over, subscription.queue),
            )
            for subscription in SUBSCRIPTIONS
            if subscription.hearer == "targets" and subscription.counted
        ]

    def ready(self) -> dict[str, bool | str | int]:
        return {"consuming": all(consumer.consuming for consumer in self._consumers)}

    def run(self, stop: threading.Event) -> None:
        self._counts.ensure_indexes()
        self._remarks.ensure_indexes()
        self._places.ensure_indexes()
        gc.freeze()  # what is loaded by now stays, and need not be looked through again for each batch's garbage
        self._stop = stop
        threads = [
            threading.Thread(target=consumer.run, args=[stop], name=f"counting-{number}")
            for number, consumer in enumerate(self._consumers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _stops_at(self, marks: Sequence[Mark]) -> Mark | None:
        """The first of the watermarks from which on the counting is held: the same one in every queue."""
        since = self._hold.since()
        return next((mark for mark in marks if mark.word == "upto" and since is not None and since <= mark.at), None)

    def _pause(self, queue: str) -> Callable[[Mark, Callable[[], object]], None]:
        def after_mark(mark: Mark, keep_alive: Callable[[], object]) -> None:
            if not self._hold.asked(mark.at):
                return
            log.info("counting.held", queue=queue, seq=mark.seq)
            self._hold.held(queue, mark.seq, mark.at)
            while self._hold.asked(mark.at) and not self._stop.wait(0.2):
                keep_alive()
            log.info("counting.released", queue=queue)

        return after_mark


def worker(config: Config) -> Worker:
    return Worker(config)
