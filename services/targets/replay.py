"""Replay: build every count again from what the services' logs say, beside the live one; compare; swap.

    python -m services.targets.replay            compare and swap the rollups
    python -m services.targets.replay --accept   also settle persons who stand differently, by new entries

Exit status: 0 equal, 1 something differed or could not be read (it is named), 2 the comparison could not be made.

Killed at any moment it leaves the live count right: the swap of the rollups is one transaction, what `--accept` settles
comes after it and is many, and both are fenced by the barrier that counting stands at.
"""

import argparse
import datetime as dt
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError
from tqdm import tqdm

import plan
from contract.message import Event, Said, Unreadable, shard_of
from contract.subscriptions import SUBSCRIPTIONS
from runtime import clock
from runtime.config import Config, read
from runtime.failures import describe
from runtime.lease import Lease
from runtime.mongo import Store, database, transact
from runtime.outbox import Outbox
from services.targets.counting import Counting
from services.targets.difference import Cell, Difference, LeftOut, Person, persons, rollups, subject
from services.targets.domain import Entry, Rule
from services.targets.hold import BarrierLost, Hold
from services.targets.mends import Mends, step
from services.targets.rules import rules
from services.targets.store import LISTENED_TO, Changes, Counts, standing

_PAGE = 2000
_BESIDE = "_replay"
_PATIENCE = 60.0  # seconds to wait until every queue stands still
_LEASE = 15.0  # seconds
_PERSONS = 500  # settled in one transaction


class NotComparable(Exception):
    """The replay did not come to an end, and changed nothing more; the reason says what to look at."""


class Replay:
    """``logs`` are the event logs of the services that targets hears, by the service's name."""

    def __init__(self, store: Store, rules: Sequence[Rule], logs: dict[str, Outbox]) -> None:
        self._store = store
        self._live = Counts(store)
        self._rules = rules
        self._hold = Hold(store)
        self._lease = Lease(store, "replay", seconds=_LEASE)
        self._mends = Mends(store)
        self._logs = logs
        self._ours = [one for one in SUBSCRIPTIONS if one.hearer == "targets" and one.counted]
        self._queues = {(one.service, shard): one.queue for one in self._ours for shard in one.shards}
        self._counted = {event.type() for one in self._ours for event in one.events}  # a log has what others hear, too
        self._told = dict.fromkeys(logs, 0)
        self._left_out: list[LeftOut] = []

    @property
    def replayed(self) -> int:
        return sum(self._told.values())

    def run(self, *, accept: bool, progress: Callable[[int, int], None]) -> Difference:
        """Raises NotComparable. Counting stands still only while the last events are read and the two are compared."""
        token = self._lease.hold()
        if token is None:
            raise NotComparable(
                "另一个重放正在进行，或刚被中断；请待其结束，或约15秒后再试 / another replay is under way, or was "
                "killed a moment ago: let it end, or try again in 15 seconds"
            )
        with self._lease.renewed(token, lambda: self._hold.renew(token)):
            try:
                return self._run(token, accept=accept, progress=progress)
            except BarrierLost:
                raise NotComparable(
                    "计数的暂停中途失效（数据库曾不可达，或另有重放）；请再次重放 / the barrier was lost on the way, "
                    "because the database was away or there is another replay: run it again"
                ) from None
            finally:
                self._hold.release(token)
                self._clear(token)
                self._lease.release()

    def _run(self, token: int, *, accept: bool, progress: Callable[[int, int], None]) -> Difference:
        self._clear(token)
        self._mends.ensure_indexes()
        self._beside = Counts(self._store, f"{_BESIDE}_{token}")
        self._beside.ensure_indexes()
        self._counting = {one.queue: Counting(self._beside, self._rules, one.queue) for one in self._ours}
        self._tell({service: int(log.head()["seq"]) for service, log in self._logs.items()}, progress)
        places = self._stand_still(token)
        self._tell(places, progress)
        self._refuse_what_live_knows()
        found = persons(self._live, self._beside)
        difference = Difference(self._swap(token), found, self._left_out)
        for first in range(0, len(found) if accept else 0, _PERSONS):
            self._settle(token, found[first : first + _PERSONS], places)
        return difference

    def _tell(self, upto: dict[str, int], progress: Callable[[int, int], None]) -> None:
        for service, log in self._logs.items():
            while (after := self._told[service]) < upto[service]:
                envelopes = log.page(after, min(_PAGE, upto[service] - after))
                there = {envelope["seq"] for envelope in envelopes}
                last = max(there, default=upto[service])
                missing = next((seq for seq in range(after + 1, last + 1) if seq not in there), None)
                if missing is not None:
                    raise NotComparable(
                        f"{service}的日志缺第{missing}条，请对账 / the log of {service} has nothing at seq {missing}: "
                        "run make audit"
                    )
                queues: dict[str, list[Said]] = {}
                for envelope in envelopes:
                    if envelope["type"] not in self._counted:
                        continue
                    queue = self._queues[service, shard_of(envelope["partitionkey"])]
                    try:
                        queues.setdefault(queue, []).append(Event.heard(envelope))
                    except Unreadable as error:
                        self._leave_out(service, envelope["seq"], envelope["id"], error)
                for queue, said in queues.items():
                    self._count(queue, said)
                self._told[service] = envelopes[-1]["seq"]
                progress(self.replayed, sum(upto.values()))

    def _count(self, queue: str, said: Sequence[Said]) -> None:
        """As the live count does with a batch that fails: halve it, until the culprit stands alone and is left out."""
        try:
            self._counting[queue].handle(said)
        except PyMongoError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, it is named
            if len(said) == 1:
                self._leave_out(said[0].service, said[0].seq, said[0].id, error)
                return
            middle = len(said) // 2
            self._count(queue, said[:middle])
            self._count(queue, said[middle:])

    def _leave_out(self, service: str, seq: int, event_id: str, error: Exception) -> None:
        self._left_out.append(LeftOut(service, seq, event_id, describe(error)))

    def _refuse_what_live_knows(self) -> None:
        """What is left out here and is counted there would be taken off the figures: code that reads it is older or
        newer than this."""
        ids = [one.event_id for one in self._left_out]
        if not ids:  # entries are not looked up by their events but for this
            return
        known = set(self._live.entries.distinct("event_id", {"event_id": {"$in": ids}}))
        named = "、".join(
            f"{one.service} seq {one.seq}（{one.reason}）" for one in self._left_out if one.event_id in known
        )
        if named:
            raise NotComparable(
                f"现行计数含有本版本读不懂的事件：{named}；请用能读它们的版本重放 / the live count contains events "
                "that this version cannot read: replay with the one that can"
            )

    def _stand_still(self, token: int) -> dict[str, int]:
        """The place of each service's log at which every queue has stopped: one that the first pass has not gone by, or
        what lies between would be counted here and, once counting goes on, there again."""
        until = time.monotonic() + _PATIENCE
        behind = False
        while time.monotonic() < until:
            self._hold.ask(token=token, now=clock.now())
            asked = time.monotonic()
            while time.monotonic() < min(until, asked + 15):
                places = self._hold.places()
                if places.keys() == self._counting.keys():
                    stands = {
                        service: {places[queue] for (of, _), queue in self._queues.items() if of == service}
                        for service in self._logs
                    }
                    behind = any(min(seqs) < self._told[service] for service, seqs in stands.items())
                    if not behind and all(len(seqs) == 1 for seqs in stands.values()):
                        return {service: seqs.pop() for service, seqs in stands.items()}
                    break  # counting is behind the log, or a relay died between two watermarks: ask again
                time.sleep(0.1)
            missing = ", ".join(sorted(self._counting.keys() - self._hold.places().keys()))
            self._hold.release(token)
        if behind:
            raise NotComparable(
                "计数落后于事件日志，请待其追上再重放 / counting is behind the log: replay once it has caught up"
            )
        raise NotComparable(
            f"有队列未能停在同一处（{missing}）：请看 targets.counting 与各 relay 是否在运行 / not every queue came "
            "to a stand: are targets.counting and the relays running?"
        )

    def _swap(self, token: int) -> list[Cell]:
        """Make the live rollups what was replayed, in one transaction; what differed."""

        def work(session: ClientSession) -> list[Cell]:
            self._hold.fence(session, token)
            found, changes = rollups(self._live, self._beside, session)
            if changes:
                self._live.rollups.bulk_write(changes, ordered=False, session=session)
            return found

        return transact(self._store, work)

    def _settle(self, token: int, persons: Sequence[Person], places: dict[str, int]) -> None:
        """Bring persons to what the log says: the standing as replayed, and entries, with a mend as their cause, for
        what the live ones lack or have too much. The rollups say it already."""
        cause = self._mends.cause(at=clock.now())
        missing = [(*subject(one.id), place, value) for one in persons for place, value in one.missing.items()]
        ids = [person.id for person in persons]
        should = {row["_id"]: row for row in self._beside.standings.find({"_id": {"$in": ids}})}

        def work(session: ClientSession) -> None:
            self._hold.fence(session, token)
            changes = Changes(queue=None)
            found = self._live.standings.find({"_id": {"$in": ids}}, {"rev": 1}, session=session)
            revs = {row["_id"]: row["rev"] for row in found}
            for id, row in should.items():
                key, rev = subject(id), revs.get(id, 0)
                changes.revs[key] = rev
                changes.standings[key] = replace(standing(row), rev=rev + 1)
            for indicator, of, (fact_id, region, on), value in missing:
                entry = Entry(of, value, fact_id, region, dt.date.fromisoformat(on), cause)
                changes.entries.append((indicator, entry))
            unknown = [id for id in ids if id not in should]
            self._live.standings.delete_many({"_id": {"$in": unknown}}, session=session)
            self._live.write(changes, session)
            if missing:
                self._mends.add(session, cause, [step(*one) for one in missing], places)

        transact(self._store, work)

    def _clear(self, token: int) -> None:
        """Drop what this replay built, and what those before it left. A later one's stays."""
        for name in self._store.list_collection_names(filter={"name": {"$regex": f"{_BESIDE}(_|$)"}}):
            of = name.rpartition("_")[2]
            if not of.isdigit() or int(of) <= token:
                self._store.drop_collection(name)


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
        except NotComparable as error:
            print(f"重放未完成：{error}", file=sys.stderr)
            return 2
        except PyMongoError as error:
            print(f"重放未完成：数据库不可用，请稍后再试 / the database is away: {describe(error)}", file=sys.stderr)
            return 2
    seconds = time.monotonic() - began
    print(f"重放 {work.replayed} 个事件，{seconds:.1f} 秒，每秒 {work.replayed / max(seconds, 0.001):.0f} 个")
    for indicator, region, day, live, replayed in difference.rollups[:20]:
        print(f"  汇总不符 {indicator} {region} {day}：现行 {live}，重放 {replayed}（已替换）")
    mended = "已更正" if arguments.accept else "未改动，加 --accept 更正"
    for person in difference.persons[:20]:
        print(f"  人员不符 {person.id}：{person.what}（{mended}）")
    for one in difference.left_out[:20]:
        where = f"{one.service} 第{one.seq}条（{one.event_id}）"
        print(f"  未能计入 {where}：{one.reason}（现行计数同样搁置，见 make parked）")
    if difference:
        print(f"共有 {len(difference.rollups)} 处汇总、{len(difference.persons)} 名人员不符")
        return 1
    print("重放结果与现行计数逐日逐地区一致，已替换")
    return 0


if __name__ == "__main__":
    sys.exit(main())
