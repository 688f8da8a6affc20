"""What a first attempt with nameko looks like: a handler for each event, one `$inc` an event, everything by default.

It loses what it fails on, counts twice what is told twice, and cannot say why a number is what it is.
"""

# ruff: noqa: E402
import warnings

warnings.filterwarnings("ignore", r"\s*Eventlet is deprecated", DeprecationWarning)
import eventlet

eventlet.monkey_patch()

import os

from nameko.containers import ServiceContainer
from nameko.events import event_handler
from pymongo import MongoClient

client: MongoClient[dict] = MongoClient(os.environ["MONGO_URI"])
regions = client[f"{os.environ['MONGO_PREFIX']}_naive"]["regions"]


class Naive:
    name = "naive"

    @event_handler("certification", "certificate_issued")
    def on_certificate_issued(self, event: dict) -> None:
        regions.update_one({"_id": event["data"]["region"]}, {"$inc": {"value": 1}}, upsert=True)


if __name__ == "__main__":
    regions.find_one()  # connected before the clock runs
    json = {"encoder": "json.dumps", "decoder": "json.loads", "content_type": "application/cloudevents+json"}
    container = ServiceContainer(
        Naive, {"AMQP_URI": os.environ["AMQP_URI"], "SERIALIZERS": {"events": json}, "ACCEPT": ["json", "events"]}
    )
    container.start()
    print("ready", flush=True)
    container.wait()
