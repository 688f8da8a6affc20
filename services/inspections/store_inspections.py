"""Collections ``inspections`` (one document each, version guarded) and ``units`` (the samples, one document a unit)."""

from collections.abc import Sequence

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import inspections as public
from contract.inspections import InspectionNotFound, SampleUnitNotFound
from runtime import record
from runtime.mongo import Store
from runtime.outbox import Outbox
from runtime.pages import in_region
from services.inspections.inspections import Inspection, Unit
from services.inspections.store_register import Register


class Planned(Register[Inspection]):
    def __init__(self, store: Store, outbox: Outbox) -> None:
        super().__init__(store["inspections"], Inspection, key="inspection_id", missing=inspection_not_found)
        self._units = store["units"]
        self._outbox = outbox

    def ensure_indexes(self) -> None:
        super().ensure_indexes()
        self._units.create_index(
            [("inspection_id", ASCENDING), ("number", ASCENDING)], name="inspection_id", unique=True
        )

    def add(self, session: ClientSession, inspection: Inspection) -> None:
        """And say that its sample is wanted."""
        self.put(session, inspection)
        self._outbox.say(
            session,
            public.InspectionPlanned,
            subject=inspection.inspection_id,
            at=inspection.history[-1].at,
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


def inspection_not_found() -> InspectionNotFound:
    return InspectionNotFound("没有这次督导检查", "there is no such inspection")
