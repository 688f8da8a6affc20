"""A worker that finishes its batch when asked to stop."""

import sys

from tests.runtime.hosted.journal import note


class Steady:
    def run(self, stop):
        note("eventlet" if "eventlet" in sys.modules else "plain threads")
        batch = 0
        while not stop.is_set():
            batch += 1
            note(f"began {batch}")
            stop.wait(0.3)
            note(f"ended {batch}")

    def ready(self):
        return {"batches": 1, "leading": True}


def worker(config):
    return Steady()
