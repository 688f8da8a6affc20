"""The limit that counting is measured against: one process that does nothing but take events and write them down.

No validation, no transaction, no proof, no rollups: json.loads and one upsert an event, a thousand at a time.
"""

import json
import os
import sys

import pymongo
from amqp.basic_message import Message
from kombu.connection import Connection
from pymongo import MongoClient

_BATCH = 1000


def main(queue: str) -> None:
    client: MongoClient[dict] = MongoClient(os.environ["MONGO_URI"])
    rows = client[f"{os.environ['MONGO_PREFIX']}_limit"]["rows"]
    rows.find_one()  # connected before the clock runs
    with Connection(os.environ["AMQP_URI"]) as broker:
        channel = broker.channel()
        taken: list[Message] = []
        channel.basic_qos(0, 2 * _BATCH, False)
        channel.basic_consume(queue, callback=taken.append)
        print("ready", flush=True)
        while True:
            try:
                while len(taken) < _BATCH:
                    broker.drain_events(timeout=0.02)
            except TimeoutError:
                pass
            if not taken:
                continue
            batch, taken[:] = taken[:_BATCH], taken[_BATCH:]
            events = [json.loads(message.body) for message in batch]
            rows.bulk_write(
                [
                    pymongo.UpdateOne({"_id": event["subject"]}, {"$set": event["data"]}, upsert=True)
                    for event in events
                ],
                ordered=False,
            )
            channel.basic_ack(batch[-1].delivery_tag, multiple=True)


if __name__ == "__main__":
    main(sys.argv[1])
