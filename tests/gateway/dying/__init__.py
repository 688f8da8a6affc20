"""Services that die at the worst moment: each method named in DIES_AFTER, once, when what it did is committed and its
answer is not yet given. What lies in DIED_OF has died of it already."""

import os
import signal
from pathlib import Path
from typing import Any

from runtime import hosting

_answer = hosting.RpcConsumer.handle_result


def _die_or_answer(self: hosting.RpcConsumer, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
    method = message.delivery_info["routing_key"].partition(".")[2]
    grave = Path(os.environ["DIED_OF"]) / method
    if method in os.environ["DIES_AFTER"].split() and exc_info is None and not grave.exists():
        grave.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return _answer(self, message, result, exc_info)


hosting.RpcConsumer.handle_result = _die_or_answer  # type: ignore[method-assign]
