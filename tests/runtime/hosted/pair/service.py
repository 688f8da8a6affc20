"""Two classes of the same name: which one is meant?"""

from runtime.hosting import rpc


class One:
    name = "pair"

    @rpc
    def say(self):
        return 1


class Two:
    name = "pair"

    @rpc
    def say(self):
        return 2
