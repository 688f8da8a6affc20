"""Collection ``supervision``: 督查单, one a finding and colour, as they were issued."""

from pymongo import ASCENDING

from contract.findings import SupervisionOrderNotFound
from runtime.mongo import Store
from services.inspections.escalation import SupervisionOrder
from services.inspections.store_register import Register


class Supervision(Register[SupervisionOrder]):
    def __init__(self, store: Store) -> None:
        super().__init__(store["supervision"], SupervisionOrder, key="supervision_id", missing=supervision_not_found)

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        once = [("finding_id", ASCENDING), ("colour", ASCENDING)]
        self._rows.create_index(once, name="once", unique=True)
        self._rows.create_index("number", name="number", unique=True)


def supervision_not_found() -> SupervisionOrderNotFound:
    return SupervisionOrderNotFound("没有这份督查单", "there is no such supervision order")
