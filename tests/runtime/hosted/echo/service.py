"""A service that answers."""

from runtime import trace
from runtime.hosting import Settings, rpc


class Echo:
    name = "echo"
    settings = Settings()

    @rpc
    def say(self, word, **more):
        return {"word": word, "more": more, "trace_id": trace.trace_id(), "app_env": self.settings.app_env}
