"""Replay: build every count again from what certification said, beside the live one; compare; swap.

    python -m services.targets.replay            compare and swap the rollups
    python -m services.targets.replay --accept   also settle persons who stand differently, by new entries

Exit status: 0 equal, 1 something differed (it is named), 2 the comparison could not be made.
"""

import argparse
import datetime as dt
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from pymongo.client_session import ClientSession
from tqdm import tqdm

import plan
from contract.message import Event, Said, Unreadable, shard_of
from contract.subscriptions import SUBSCRIPTIONS
from runtime import clock
from runtime.config import Config, read
from runtime.mongo import Document, Store, database, transact
from runtime.outbox import Outbox
from services.targets.counting import Counting
from services.targets.domain import Cause, Entry, Rule
from services.targets.hold import Hold
from services.targets.rules import rules
from services.targets.store import LISTENED_TO, Changes, Counts, Net, Place, number, standing

_PAGE = 2000
_SUFFIX = "_replay"
_PATIENCE = 60.0  # seconds to wait until every queue stands still


class NotComparable(Exception):
    """The live count could not be brought to a stand at one place of the log; the reason says what to look at."""


@dataclass
class Difference:
    """What the live count says and what the log says. ``rollups``: (indicator, region, day, live, replayed).
    ``persons``: (standing id, what differs), where the standing differs or its entries do not add up to it."""

    rollups: list[tuple[str, str, str, Decimal, Decimal]] = field(default_factory=list)
    persons: list[tuple[str, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.rollups or self.persons)


class Replay:
    """``logs`` are the event logs of the services that targets hears, by the service's name."""

    def __init__(self, store: Store, rules: Sequence[Rule], logs: dict[str, Outbox]) -> None:
        self._live = Counts(store)
        self._beside = Counts(store, _SUFFIX)
        self._hold = Hold(store)
        self._logs = logs
        ours = [one for one in SUBSCRIPTIONS if one.hearer == "targets" and one.counted]
        self._counting = {one.queue: Counting(self._beside, rules, one.queue) for one in ours}
        self._queues = {(one.service, shard): one.queue for one in ours for shard in one.shards}
        self._counted = {event.type() for one in ours for event in one.events}  # a log has what others hear, too
        self._told = dict.fromkeys(logs, 0)

    @property
    def replayed(self) -> int:
        return sum(self._told.values())

    def run(self, *, accept: bool, progress: Callable[[int, int], None]) -> Difference:
        """Raises NotComparable. Counting stands still only while the last events are read and the two are compared."""
        self._clear()
        self._beside.ensure_indexes()
        self._tell({service: int(log.head()["seq"]) for service, log in self._logs.items()}, progress)
        try:
            self._tell(self._stand_still(), progress)
            difference = self._compare()
            if accept and difference.persons:
                self._settle(difference)
            self._beside.rollups.rename(self._live.rollups.name, dropTarget=True)
            self._live.ensure_indexes()
        finally:
            self._hold.release()
            self._clear()
        return difference

    def _tell(self, upto: dict[str, int], progress: Callable[[int, int], None]) -> None:
        for service, log in self._logs.items():
            while (after := self._told[service]) < upto[service]:
                envelopes = log.page(after, min(_PAGE, upto[service] - after))
                if not envelopes or envelopes[0]["seq"] != after + 1:
                    raise NotComparable(f"the log of {service} has nothing at seq {after + 1}: run make audit")
                queues: dict[str, list[Said]] = {}
                for envelope in envelopes:
                    if envelope["type"] not in self._counted:
                        continue
                    queue = self._queues[service, shard_of(envelope["partitionkey"])]
                    queues.setdefault(queue, []).append(Event.heard(envelope))
                for queue, said in queues.items():
                    self._counting[queue].handle(said)
                self._told[service] = envelopes[-1]["seq"]
                progress(self.replayed, sum(upto.values()))

    def _stand_still(self) -> dict[str, int]:
        """The place of each service's log at which every queue has stopped."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            self._hold.ask(now=clock.now())
            asked = time.monotonic()
            while time.monotonic() < min(until, asked + 15):
                places = self._hold.places()
                if places.keys() == self._counting.keys():
                    stands = {
                        service: {places[queue] for (of, _), queue in self._queues.items() if of == service}
                        for service in self._logs
                    }
                    if all(len(seqs) == 1 for seqs in stands.values()):
                        return {service: seqs.pop() for service, seqs in stands.items()}
                    break  # a relay died between two watermarks: ask again
                time.sleep(0.1)
            self._hold.release()
        missing = ", ".join(sorted(self._counting.keys() - self._hold.places().keys()))
        raise NotComparable(
            f"not every queue came to a stand ({missing}): are targets.counting and the relays running?"
        )

    def _compare(self) -> Difference:
        difference = Difference()
        live, replayed = _sums(self._live), _sums(self._beside)
        for key in sorted(live.keys() | replayed.keys()):
            if live.get(key, 0) != replayed.get(key, 0):
                difference.rollups.append((*key, live.get(key, Decimal(0)), replayed.get(key, Decimal(0))))
        for id, live_one, replayed_one in _side_by_side(_counted(self._live), _counted(self._beside)):
            if live_one != replayed_one:
                difference.persons.append((id, f"现行 {live_one}，重放 {replayed_one}"))
        standing_already = {id for id, _ in difference.persons}
        for id, entered, should in _side_by_side(_entered(self._live), _entered(self._beside)):
            if entered != should and id not in standing_already:
                difference.persons.append((id, f"现行分录合计 {entered}，重放 {should}"))
        return difference

    def _settle(self, difference: Difference) -> None:
        """Bring persons to what the log says: the standing as replayed, and entries, with the replay as their cause,
        for what the live ones lack or have too much."""
        for id, _ in difference.persons:
            row = self._beside.standings.find_one({"_id": id})
            should = self._beside.net(id)

            def work(session: ClientSession, id: str = id, row: Document | None = row, should: Net = should) -> None:
                found = self._live.standings.find_one({"_id": id}, session=session)
                rev = found["rev"] if found else 0
                indicator, _, subject = id.partition(":")
                changes = Changes("replay")
                has = self._live.net(id, session)
                for place in sorted(has.keys() | should.keys()):
                    missing = should.get(place, Decimal(0)) - has.get(place, Decimal(0))
                    changes.entries += self._steps(indicator, subject, place, missing)
                if row is None:
                    self._live.standings.delete_one({"_id": id}, session=session)
                else:
                    changes.revs[indicator, subject] = rev
                    changes.standings[indicator, subject] = replace(standing(row), rev=rev + 1)
                self._live.write(changes, session)

            transact(self._live.store, work)

    def _steps(self, indicator: str, subject: str, place: Place, missing: Decimal) -> list[tuple[str, Entry]]:
        if not missing:
            return []
        cause = Cause(event_id="replay", event="targets.replay", service="targets", seq=0, recorded_at=clock.now())
        fact_id, region, on = place
        step = Entry(
            subject=subject,
            value=missing,
            fact_id=fact_id,
            region=region,
            effective_on=dt.date.fromisoformat(on),
            cause=cause,
        )
        return [(indicator, step)]

    def _clear(self) -> None:
        for collection in (self._beside.standings, self._beside.entries, self._beside.rollups, self._beside.sources):
            collection.drop()


def _sums(counts: Counts) -> dict[tuple[str, str, str], Decimal]:
    """(indicator, region, day) -> sum over the queues; also (indicator, region, "total")."""
    sums: dict[tuple[str, str, str], Decimal] = {}
    for row in counts.rollups.find():
        for day, value in {**row["days"], "total": row["total"]}.items():
            key = (row["indicator"], row["region"], day)
            sums[key] = sums.get(key, Decimal(0)) + number(value)
    return sums


def _counted(counts: Counts) -> Iterator[tuple[str, object]]:
    for row in counts.standings.find().sort("_id", 1):
        yield row["_id"], standing(row).counted


def _entered(counts: Counts) -> Iterator[tuple[str, object]]:
    return ((id, net) for id, net in counts.nets())


def _side_by_side(
    left: Iterator[tuple[str, object]], right: Iterator[tuple[str, object]]
) -> Iterator[tuple[str, object, object]]:
    """Join two streams that are ordered by id; a side that lacks the id gives None."""
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a[0] < b[0]):
            assert a is not None
            yield a[0], a[1], None
            a = next(left, None)
        elif a is None or b[0] < a[0]:
            yield b[0], None, b[1]
            b = next(right, None)
        else:
            yield a[0], a[1], b[1]
            a, b = next(left, None), next(right, None)


def replay(config: Config) -> Replay:
    logs = {service: Outbox(database(config, service)) for service in LISTENED_TO}
    return Replay(database(config, "targets"), rules(plan.read(config.plan_file)), logs)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make replay", description="从事件日志重建全部计数，与现行计数比对后替换")
    parser.add_argument("--accept", action="store_true", help="人员计数有出入时，以新增分录更正（默认只报告）")
    arguments = parser.parse_args()
    config = read()
    with tqdm(unit="件", desc="重放事件", file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        began = time.monotonic()
        work = replay(config)
        try:
            difference = work.run(accept=arguments.accept, progress=progress)
        except (NotComparable, Unreadable) as error:
            print(f"重放未完成，现行计数未动：{error}", file=sys.stderr)
            return 2
    seconds = time.monotonic() - began
    print(f"重放 {work.replayed} 个事件，{seconds:.1f} 秒，每秒 {work.replayed / max(seconds, 0.001):.0f} 个")
    for indicator, region, day, live, replayed in difference.rollups[:20]:
        print(f"  汇总不符 {indicator} {region} {day}：现行 {live}，重放 {replayed}（已替换）")
    mended = "已更正" if arguments.accept else "未改动，加 --accept 更正"
    for id, what in difference.persons[:20]:
        print(f"  人员不符 {id}：{what}（{mended}）")
    if difference:
        print(f"共有 {len(difference.rollups)} 处汇总、{len(difference.persons)} 名人员不符")
        return 1
    print("重放结果与现行计数逐日逐地区一致，已替换")
    return 0


if __name__ == "__main__":
    sys.exit(main())
