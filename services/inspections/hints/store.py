"""What inspections remembers of hints: collection ``hints``, one case each, unique by ``anomaly_key`` for ever."""

from functools import lru_cache

from contract import hints as public
from runtime.config import Config
from services.inspections import store
from services.inspections.hints.domain import Hint
from services.inspections.register import Register


class Hints(Register[Hint]):
    def __init__(self, config: Config) -> None:
        self.store = store.inspections(config).store
        super().__init__(self.store["hints"], Hint, key="hint_id", missing=no_hint)

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        self._rows.create_index("anomaly_key", name="anomaly_key", unique=True)

    def known(self, anomaly_key: str) -> bool:
        return self._rows.find_one({"anomaly_key": anomaly_key}, {"_id": 1}) is not None


def no_hint() -> public.HintNotFound:
    return public.HintNotFound("没有这条线索", "there is no such hint")


@lru_cache(maxsize=8)
def hints(config: Config) -> Hints:
    """The process's own, with its indexes in place."""
    found = Hints(config)
    found.ensure_indexes()
    return found
