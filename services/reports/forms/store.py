"""Collection ``imports``: filled workbooks that were handed in, one document each: who, which file, the annotated file,
the rows' outcomes."""

from functools import lru_cache

from pymongo.errors import DuplicateKeyError

from runtime import mongo, record
from runtime.config import Config
from runtime.mongo import Document, Store
from services.reports.forms.domain import Import


class Imports:
    def __init__(self, store: Store) -> None:
        self._imports = store["imports"]

    def ensure_indexes(self) -> None:
        self._imports.create_index("client_id", name="client")
        self._imports.create_index(
            "command", name="command", unique=True, partialFilterExpression={"command": {"$exists": True}}
        )

    def add(self, done: Import, command_id: str | None) -> Import:
        """As it was recorded, which is another one when this command of the client was carried out before."""
        row = record.document(done)
        row["_id"] = row.pop("import_id")
        if command_id is not None:
            row["command"] = f"{done.client_id}:{command_id}"
        try:
            self._imports.insert_one(row)
        except DuplicateKeyError:
            return self.of_command(done.client_id, command_id) or done
        return done

    def of_command(self, client_id: str, command_id: str | None) -> Import | None:
        found = self._imports.find_one({"command": f"{client_id}:{command_id}"}) if command_id is not None else None
        return None if found is None else _import(found)

    def get(self, import_id: str) -> Import | None:
        found = self._imports.find_one({"_id": import_id})
        return None if found is None else _import(found)


def _import(row: Document) -> Import:
    return record.of(Import, {**row, "import_id": row["_id"]})


@lru_cache(maxsize=8)
def imports(config: Config) -> Imports:
    """The process's own, with its indexes in place."""
    found = Imports(mongo.database(config, "reports"))
    found.ensure_indexes()
    return found
