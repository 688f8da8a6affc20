"""What somebody asks of a relay by hand reaches it as it was asked, once for each queue."""

import json
from typing import Any

import pytest

from contract.subscriptions import SUBSCRIPTIONS
from runtime import config, rabbit, resend

QUEUES = [one.queue for one in SUBSCRIPTIONS if one.service == "certification"]


@pytest.fixture
def declared(space: dict[str, str]) -> dict[str, str]:
    rabbit.declare(config.read(space))
    return space


def asked(space: dict[str, str]) -> list[Any]:
    with rabbit.connection(config.read(space)) as broker:
        publisher, found = rabbit.Publisher(broker), []
        while (body := publisher.get("resend.certification")) is not None:
            found.append(json.loads(body))
        return found


def test_a_stretch_of_the_log_is_asked_for_every_queue(
    declared: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert resend.main(["certification", "--after", "100", "--to", "200"]) == 0
    assert asked(declared) == [{"queue": queue, "after": 100, "to": 200} for queue in QUEUES]
    told = capsys.readouterr().out
    assert all(queue in told for queue in QUEUES)


def test_one_queue_only_or_all_from_the_beginning(declared: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert resend.main(["certification", "--after", "0", "--queue", QUEUES[1]]) == 0
    assert resend.main(["certification", "--restart", "--queue", QUEUES[0]]) == 0
    assert asked(declared) == [{"queue": QUEUES[1], "after": 0, "to": None}, {"queue": QUEUES[0], "restart": True}]


def test_a_queue_that_the_service_does_not_publish_to_is_refused_with_those_that_there_are(
    declared: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert resend.main(["certification", "--after", "0", "--queue", "certification.filings"]) == 2
    told = capsys.readouterr().err
    assert all(queue in told for queue in ("certification.filings", *QUEUES))
    assert asked(declared) == []


def test_a_broker_that_is_away_is_said_and_nothing_is_asked(
    space: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMQP_URI", "amqp://guest:secret@127.0.0.1:9//")
    assert resend.main(["certification", "--restart"]) == 1
    told = capsys.readouterr().err
    assert "AMQP_URI" in told
    assert "secret" not in told


@pytest.mark.parametrize(
    "arguments", [[], ["certification"], ["nobody", "--restart"], ["certification", "--after", "x"]]
)
def test_what_is_not_asked_in_full_is_not_taken(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        resend.main(arguments)
