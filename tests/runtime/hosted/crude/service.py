"""A service with nameko's own entrypoint."""

from nameko.rpc import rpc


class Crude:
    name = "crude"

    @rpc
    def say(self):
        return 1
