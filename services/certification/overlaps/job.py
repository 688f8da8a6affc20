"""Comparing finished imports with what other organisations recorded, for the process `certification.imports`."""

import datetime as dt
from functools import partial

import plan
from runtime import clock, mongo
from runtime.config import Config
from runtime.mongo import Document
from runtime.quarantine import Quarantine
from services.certification.overlaps.domain import Overlap, options, overlaps
from services.certification.overlaps.store import kept_overlaps


class Comparing:
    def __init__(self, config: Config) -> None:
        self._kept = kept_overlaps(config)
        self._quarantine = Quarantine(mongo.database(config, "certification"), "imports")
        self._target_id = next(
            (each.id for each in plan.read(config.plan_file).indicators.values() if each.fact == "certificate"), None
        )

    def work(self) -> bool:
        """Compare one import that has not been. False when there was none."""
        self._quarantine.refresh()
        found = self._kept.due(besides=self._quarantine.held("import"))
        if found is None:
            return False
        self._quarantine.attempt("import", found["_id"], partial(self._compare, found, clock.now()))
        return True

    def _compare(self, found: Document, at: dt.datetime) -> None:
        told = [] if self._target_id is None else self._overlaps(found, at)
        self._kept.finish(found, told, target_id=self._target_id, at=at)

    def _overlaps(self, found: Document, at: dt.datetime) -> list[Overlap]:
        persons = self._kept.persons(found)
        return overlaps(
            organisation=found["organisation"],
            import_id=found["_id"],
            persons=persons,
            others=self._kept.others(found, persons, since=at - dt.timedelta(days=options().days)),
            today=clock.day_of(at),
            options=options(),
        )
