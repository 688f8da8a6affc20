"""Collection ``imports``: filled workbooks that were handed in, one document each: who, which file, the annotated file,
the rows' outcomes."""

from functools import lru_cache

from runtime import mongo, record
from runtime.config import Config
from runtime.mongo import Store
from services.reports.forms.domain import Import


class Imports:
    def __init__(self, store: Store) -> None:
        self._imports = store["imports"]

    def ensure_indexes(self) -> None:
        self._imports.create_index("client_id", name="client")

    def add(self, done: Import) -> None:
        row = record.document(done)
        row["_id"] = row.pop("import_id")
        self._imports.insert_one(row)

    def get(self, import_id: str) -> Import | None:
        found = self._imports.find_one({"_id": import_id})
        return None if found is None else record.of(Import, {**found, "import_id": found["_id"]})


@lru_cache(maxsize=8)
def imports(config: Config) -> Imports:
    """The process's own, with its indexes in place."""
    found = Imports(mongo.database(config, "reports"))
    found.ensure_indexes()
    return found
