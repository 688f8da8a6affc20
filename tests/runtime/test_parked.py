import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from runtime import config, mongo, parked, rabbit, shelf
from runtime.rabbit import ATTEMPT
from tests.runtime.running import ROOT, Broker, until

Space = dict[str, str]
QUEUE = "targets.counting.1"
AT = "2023-05-01T08:00:00+00:00"


@pytest.fixture
def broker(space: Space) -> Broker:
    rabbit.declare(config.read(space))
    return Broker(space["AMQP_URI"])


def park(space: Space, *bodies: bytes, queue: str = QUEUE, hearer: str = "targets", at: str = AT) -> None:
    with rabbit.connection(config.read(space)) as connection:
        publisher = rabbit.Publisher(connection)
        for body in bodies:
            headers = {ATTEMPT: 4, "x-death": [{"count": 4}], "tracestate": "kept"}
            rabbit.park(
                publisher, hearer=hearer, queue=queue, body=body, headers=headers, reason="ValueError: 过大", at=at
            )


def event(number: int) -> bytes:
    return json.dumps({"id": f"{number:024x}", "type": "certification.certificate_issued", "subject": "张"}).encode()


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = parked.main(list(arguments))
    said = capsys.readouterr()
    return status, said.out + said.err


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    status, said = run("list", "--json", capsys=capsys)
    assert status == 0
    return json.loads(said)["items"]


def test_looking_changes_nothing(space: Space, broker: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    park(space, event(1), event(2), b"\xff not json")
    first = listed(capsys)
    assert [one["event_id"] for one in first] == [f"{1:024x}", f"{2:024x}", None]
    assert first[0] == {
        "id": first[0]["id"],
        "hearer": "targets",
        "queue": QUEUE,
        "type": "certification.certificate_issued",
        "subject": "张",
        "event_id": f"{1:024x}",
        "attempts": 4,
        "parked_at": AT,
        "reason": "ValueError: 过大",
    }
    assert listed(capsys) == first, "the same messages go by the same IDs, in the same order"
    for one in first:
        assert run("show", one["id"], capsys=capsys)[0] == 0
    assert broker.depth("targets.parked") == 3


def test_a_person_reads_a_table(space: Space, broker: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    assert "没有停放的消息" in run("list", capsys=capsys)[1]
    park(space, event(1), event(2), event(3))
    status, said = run("list", "--limit", "2", capsys=capsys)
    assert status == 0
    lines = said.splitlines()
    assert lines[0].split() == ["编号", "队列", "事件", "对象", "重试", "停放时间", "原因"]
    assert QUEUE in lines[1]
    assert "过大" in lines[1]
    assert lines[-1] == "共 3 条，其中 1 条未列出（--limit）"
    assert len(lines) == 4


def test_all_of_a_message_is_shown(space: Space, broker: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    park(space, event(1), b"\xff")
    good, bad = listed(capsys)
    shown = json.loads(run("show", good["id"], capsys=capsys)[1])
    assert shown["envelope"] == json.loads(event(1))
    assert shown["headers"]["tracestate"] == "kept"
    assert json.loads(run("show", bad["id"][:8], capsys=capsys)[1])["body"] == "/w=="


def test_a_look_that_is_killed_loses_nothing(
    space: Space, broker: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    park(space, *(event(number) for number in range(50)))
    code = (
        "import time\nfrom runtime import config, shelf\n"
        "look = shelf.Shelf(config.read(), ['targets'])\nfound = list(look.messages())\n"
        "print(len(found), flush=True)\ntime.sleep(60)\n"
    )
    looking = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | space, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert looking.stdout is not None
    assert looking.stdout.readline() == "50\n"
    assert broker.depth("targets.parked") == 0
    looking.send_signal(signal.SIGKILL)
    looking.communicate()
    until(lambda: broker.depth("targets.parked") == 50, what="all messages are back")
    assert [one["event_id"] for one in listed(capsys)] == [f"{number:024x}" for number in range(50)]


def test_a_replayed_message_is_in_its_queue_again_as_if_for_the_first_time(
    space: Space, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    park(space, event(1), event(2))
    first, second = listed(capsys)
    status, said = run("replay", second["id"], capsys=capsys)
    assert (status, said) == (0, "已重放 1 条 / replayed 1\n")
    assert broker.take(QUEUE) == [(event(2), {"tracestate": "kept"})]
    assert [one["id"] for one in listed(capsys)] == [first["id"]]


def test_all_are_replayed_each_to_the_queue_it_came_from(
    space: Space, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    park(space, *(event(number) for number in range(700)))
    park(space, event(1000), queue="targets.counting.3")
    assert run("replay", "--all", capsys=capsys) == (0, "已重放 701 条 / replayed 701\n")
    assert sorted(body for body, _ in broker.take(QUEUE)) == sorted(event(number) for number in range(700))
    assert [body for body, _ in broker.take("targets.counting.3")] == [event(1000)]
    until(lambda: broker.depth("targets.parked") == 0, what="nothing is parked any more")


def test_what_the_broker_parked_by_its_delivery_limit_is_known_and_goes_back(
    space: Space, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = "certification.filings"
    broker.put(event(1), queue=queue)
    with broker.channel() as channel:
        channel.basic_consume(queue, callback=lambda message: channel.basic_reject(message.delivery_tag, requeue=True))

        def is_parked() -> bool:  # after as many attempts as deploy's policy says
            with suppress(TimeoutError):
                channel.connection.drain_events(timeout=0.1)
            return broker.depth("certification.parked") == 1

        until(is_parked, what="the broker has parked it")
    [one] = listed(capsys)
    assert (one["queue"], one["reason"]) == (queue, "the broker: delivery_limit")
    assert one["parked_at"].endswith("+00:00")
    assert run("replay", one["id"], capsys=capsys)[0] == 0
    assert broker.take(queue) == [(event(1), {})]


def test_what_cannot_be_replayed_stays_parked(space: Space, broker: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    park(space, event(1), queue="a.queue.of.old")
    status, said = run("replay", "--all", capsys=capsys)
    assert status == 1
    assert "仍停放" in said
    assert len(listed(capsys)) == 1


def test_a_discarded_message_is_remembered_with_who_and_why(
    space: Space, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    park(space, event(1), b"\xff\x00")
    good, bad = listed(capsys)
    status, said = run("discard", good["id"], "--reason", "重复上报", "--by", "值班员", capsys=capsys)
    assert status == 0, said
    assert run("discard", bad["id"], "--reason", "不可读", capsys=capsys)[0] == 0
    assert listed(capsys) == []
    discarded = mongo.database(config.read(space), "operations")["discarded"]
    kept = discarded.find_one({"_id": good["id"]})
    assert kept is not None
    assert (kept["why"], kept["by"], kept["queue"]) == ("重复上报", "值班员", QUEUE)
    assert json.loads(kept["envelope"]) == json.loads(event(1))
    assert kept["headers"]["x-reason"] == "ValueError: 过大"
    other = discarded.find_one({"_id": bad["id"]})
    assert other is not None
    assert bytes(other["body"]) == b"\xff\x00"
    assert "@" in other["by"], "without --by it is the one who is logged in"


def test_what_cannot_be_recorded_is_not_discarded(
    space: Space, broker: Broker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    park(space, event(1))
    [one] = listed(capsys)
    monkeypatch.setenv("MONGO_URI", "mongodb://127.0.0.1:9/")
    monkeypatch.setattr(shelf, "_PATIENCE", 0.5)
    status, said = run("discard", one["id"], "--reason", "x", capsys=capsys)
    assert status == 1
    assert "未丢弃" in said
    assert broker.depth("targets.parked") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "feedfeed"], "没有编号为 feedfeed 的停放消息"),
        (["replay", "feedfeed"], "没有编号为 feedfeed 的停放消息"),
        (["discard", "feedfeed", "--reason", "x"], "没有编号为 feedfeed 的停放消息"),
        (["show", ""], "不唯一"),
    ],
)
def test_an_id_that_is_nobodys_or_not_only_ones_does_nothing(
    space: Space, broker: Broker, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    park(space, event(1), event(2))
    status, said = run(*arguments, capsys=capsys)
    assert status == 1
    assert says in said
    assert broker.depth("targets.parked") == 2


def test_nothing_is_discarded_without_a_reason(space: Space, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("discard", "feedfeed", "--reason", " ", capsys=capsys)
    assert "须说明原因" in capsys.readouterr().err


def test_a_broker_that_is_away_is_said_in_one_line(
    space: Space, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMQP_URI", "amqp://guest:secret@127.0.0.1:9//")
    status, said = run("list", capsys=capsys)
    assert status == 1
    assert said.count("\n") == 1
    assert "AMQP_URI" in said
    assert "secret" not in said
