"""Collections ``inspections`` (one document each, version guarded) and ``units`` (the samples, one document a unit)."""

from collections.abc import Sequence

from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from contract import inspections as public
from contract import regions
from contract.inspections import InspectionNotFound, SampleUnitNotFound
from runtime import mongo, record, trace
from runtime.mongo import Document, Store
from runtime.outbox import Outbox
from services.inspections.inspections import Inspection, Unit


class Planned:
    def __init__(self, store: Store, outbox: Outbox) -> None:
        self._inspections = store["inspections"]
        self._units = store["units"]
        self._outbox = outbox

    def ensure_indexes(self) -> None:
        self._inspections.create_index([("region", ASCENDING), ("_id", ASCENDING)], name="region")
        self._units.create_index(
            [("inspection_id", ASCENDING), ("number", ASCENDING)], name="inspection_id", unique=True
        )

    def add(self, session: ClientSession, inspection: Inspection) -> None:
        """And say that its sample is wanted."""
        self._inspections.insert_one(_document(inspection), session=session)
        said = public.InspectionPlanned.said(
            id=mongo.new_id(),
            subject=inspection.inspection_id,
            about=inspection.inspection_id,
            at=inspection.history[-1].at,
            traceparent=trace.current(),
            inspection_id=inspection.inspection_id,
            version=inspection.version,
            target_id=inspection.target_id,
            region=inspection.region,
            as_of=inspection.as_of,
            size=inspection.size,
            seed=inspection.seed,
        )
        self._outbox.add(session, [said])

    def replace(self, session: ClientSession, before: Inspection, after: Inspection) -> None:
        written = self._inspections.replace_one(
            {"_id": before.inspection_id, "version": before.version}, _document(after), session=session
        )
        if written.modified_count != 1:
            raise RuntimeError("an inspection changed inside its own transaction")

    def add_units(self, session: ClientSession, units: Sequence[Unit]) -> None:
        if units:
            self._units.insert_many([record.document(unit) for unit in units], session=session, ordered=True)

    def get(self, inspection_id: str, session: ClientSession | None = None) -> Inspection:
        """Raises InspectionNotFound."""
        found = self._inspections.find_one({"_id": inspection_id}, session=session)
        if found is None:
            raise inspection_not_found()
        return record.of(Inspection, found)

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
        query: Document = {"inspection_id": inspection_id, "number": {"$gt": after}, **of_region(within)}
        return [record.of(Unit, row) for row in self._units.find(query).sort("number", ASCENDING).limit(limit)]

    def page(
        self,
        *,
        within: str,
        targets: Sequence[str] | None,
        target_id: str | None = None,
        state: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> list[Inspection]:
        query = of_region(within) | selected(targets, target_id=target_id, state=state, after=after)
        return [record.of(Inspection, row) for row in self._inspections.find(query).sort("_id", ASCENDING).limit(limit)]


def of_region(within: str) -> Document:
    """What lies in the region or below it."""
    if within == regions.PROVINCE:
        return {}
    root = regions.get(within)
    return {"region": {"$in": sorted({root.code, *(county.code for county in regions.counties(root.code))})}}


def selected(
    targets: Sequence[str] | None,
    *,
    target_id: str | None = None,
    after: str | None = None,
    **equal: str | None,
) -> Document:
    """``targets``: those that the actor has to do with, None for all. What is None was not asked."""
    query: Document = {name: value for name, value in equal.items() if value is not None}
    wanted = [{"target_id": {"$in": list(targets)}}] if targets is not None else []
    if target_id is not None:
        wanted.append({"target_id": {"$in": [target_id]}})
    if wanted:
        query["$and"] = wanted
    if after is not None:
        query["_id"] = {"$gt": after}
    return query


def inspection_not_found() -> InspectionNotFound:
    return InspectionNotFound("没有这次督导检查", "there is no such inspection")


def _document(inspection: Inspection) -> Document:
    document: Document = record.document(inspection) | {"_id": inspection.inspection_id}
    return document
