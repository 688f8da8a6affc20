"""A service that listens where the contract gives it no queue."""

from runtime.events import listen
from tests.runtime.hosted.words import BellMuffled


class Deaf:
    name = "deaf"

    @listen(BellMuffled)
    def on_bell_muffled(self, said):
        raise AssertionError("nothing can arrive here")
