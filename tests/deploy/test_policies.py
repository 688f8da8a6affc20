"""What the broker's policies do, on the real broker."""

import base64
import http.client
import json
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from kombu import Connection, Consumer

from contract.subscriptions import SUBSCRIPTIONS
from runtime import rabbit
from tests.conftest import Servers

FILES = Path(__file__).parents[2] / "deploy" / "rabbitmq"
POLICIES = json.loads((FILES / "policies.json").read_text())
DEFINITIONS = json.loads((FILES / "definitions.json").read_text())


def api(servers: Servers, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", servers.rabbit.record.ports["management"], timeout=10)
    credentials = base64.b64encode(b"guest:guest").decode()
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        said = response.read()
    finally:
        connection.close()
    return response.status, json.loads(said) if said else None


def policy_of(queue: str) -> str | None:
    return next((policy["name"] for policy in POLICIES if re.search(policy["pattern"], queue)), None)


def test_every_subscribed_queue_is_under_the_policy_of_its_hearer() -> None:
    for subscription in SUBSCRIPTIONS:
        assert policy_of(subscription.queue) == subscription.hearer, f"add a policy for {subscription.hearer}"
        assert policy_of(f"{subscription.hearer}.parked") == "parked"
    assert policy_of("retry.10s") is None


def test_a_message_that_kills_its_reader_again_and_again_is_parked_and_not_lost(
    space: dict[str, str],
) -> None:
    subscription = next(each for each in SUBSCRIPTIONS if not each.counted)
    deliveries = 0

    def die(message: Any) -> None:
        nonlocal deliveries
        deliveries += 1
        message.requeue()

    with Connection(space["AMQP_URI"], connect_timeout=5) as broker:
        channel = broker.channel()
        queue = rabbit.queue(subscription)(channel)
        parked = rabbit.parked_queue(subscription.hearer)(channel)
        queue.declare()
        parked.declare()
        broker.Producer(channel).publish({"poison": True}, routing_key=queue.name, delivery_mode=2)
        arrived, deadline = None, time.monotonic() + 60
        with Consumer(channel, [queue], on_message=die):
            while arrived is None and time.monotonic() < deadline:
                with suppress(TimeoutError):
                    broker.drain_events(timeout=0.1)
                arrived = parked.get(no_ack=True)
        assert arrived is not None, "the broker dropped it, or gave it without end"
    assert arrived.payload == {"poison": True}
    assert deliveries == rabbit.DELIVERY_LIMIT + 1
    assert arrived.headers["x-death"][0]["reason"] == "delivery_limit"


def test_a_look_at_what_is_parked_is_counted_and_still_loses_nothing(space: dict[str, str]) -> None:
    """As RabbitMQ 4 counts, whose limit is twenty where nobody sets one."""
    with Connection(space["AMQP_URI"], connect_timeout=5) as broker:
        parked = rabbit.parked_queue("targets")(broker.channel())
        parked.declare()
        broker.Producer(parked.channel).publish({"kept": True}, routing_key=parked.name, delivery_mode=2)
        looks = 0
        while looks < 30:
            if (message := parked.get()) is not None:
                looks += 1
                message.requeue()
        assert parked.queue_arguments["x-delivery-limit"] > 1_000_000


def test_the_definitions_for_production_are_taken_by_a_broker_and_hold_the_same_policies(servers: Servers) -> None:
    (vhost,) = DEFINITIONS["vhosts"]
    assert DEFINITIONS["policies"] == [{"vhost": vhost["name"], **policy} for policy in POLICIES]
    status, said = api(servers, "POST", "/api/definitions", DEFINITIONS)
    assert status == 204, said
    _, held = api(servers, "GET", f"/api/policies/{vhost['name']}")
    assert {policy["name"] for policy in held} == {policy["name"] for policy in POLICIES}
