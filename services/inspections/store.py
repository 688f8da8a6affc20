"""What inspections remembers: the inspections themselves, and what the store of each noun shares with them.

inspections  one document each, version guarded
units        the samples, one document a unit
commands     what was told once (runtime.commands)
outbox       what was said (runtime.outbox)
"""

from collections.abc import Sequence
from functools import lru_cache

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import inspections as public
from contract.inspections import InspectionNotFound, SampleUnitNotFound
from runtime import mongo, record
from runtime.commands import Commands
from runtime.config import Config
from runtime.files import Files
from runtime.mongo import Store
from runtime.outbox import Outbox
from runtime.pages import in_region
from runtime.timepiece import Timepiece
from services.inspections.domain import Inspection, Unit
from services.inspections.register import Register

timepiece = Timepiece("inspections")


class Inspections(Register[Inspection]):
    def __init__(self, config: Config) -> None:
        self.store: Store = mongo.database(config, "inspections")
        self.outbox = Outbox(self.store)
        self.commands = Commands(self.store, files=Files(config))
        self._units = self.store["units"]
        super().__init__(self.store["inspections"], Inspection, key="inspection_id", missing=_not_found)

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        self.outbox.ensure_indexes()
        self._units.create_index(
            [("inspection_id", ASCENDING), ("number", ASCENDING)], name="inspection_id", unique=True
        )

    def add(self, session: ClientSession, inspection: Inspection) -> None:
        """And say that its sample is wanted."""
        written = self.write(session, inspection)
        self.outbox.say(
            session,
            public.InspectionPlanned,
            subject=inspection.inspection_id,
            at=inspection.history[-1].at,
            records=[written],
            inspection_id=inspection.inspection_id,
            version=inspection.version,
            target_id=inspection.target_id,
            region=inspection.region,
            as_of=inspection.as_of,
            size=inspection.size,
            seed=inspection.seed,
        )

    def add_units(self, session: ClientSession, units: Sequence[Unit]) -> None:
        if units:
            self._units.insert_many([record.document(unit) for unit in units], session=session, ordered=True)

    def unit(self, inspection_id: str, number: int, session: ClientSession | None = None) -> Unit:
        """Raises SampleUnitNotFound."""
        found = self._units.find_one({"inspection_id": inspection_id, "number": number}, session=session)
        if found is None:
            raise SampleUnitNotFound(
                "样本中没有这个单位；抽样完成后才能登记发现",
                "the sample has no such unit; it has none until it is drawn",
            )
        return record.of(Unit, found)

    def units(self, inspection_id: str, *, within: str, after: int, limit: int) -> list[Unit]:
        """In the order of the sample, those of the region."""
        query = {"inspection_id": inspection_id, "number": {"$gt": after}} | in_region(within)
        return [record.of(Unit, row) for row in self._units.find(query).sort("number", ASCENDING).limit(limit)]


def _not_found() -> InspectionNotFound:
    return InspectionNotFound("没有这次督导检查", "there is no such inspection")


@lru_cache(maxsize=8)
def inspections(config: Config) -> Inspections:
    """The process's own, with its indexes in place."""
    found = Inspections(config)
    found.ensure_indexes()
    return found
