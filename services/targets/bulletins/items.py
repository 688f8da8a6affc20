"""The entries of corrections, kept beside them: a hundred thousand do not go into one document.

bulletin_entries  a thousand entries a document, under an id that the correction names once it is issued
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from runtime.mongo import Store
from runtime.record import document, of
from services.targets.bulletins.correcting import Itemised
from services.targets.snapshots.domain import Moved

_ROWS = 1000  # a document
_END = 2**31


class Items:
    def __init__(self, store: Store) -> None:
        self._parts = store["bulletin_entries"]

    def write(self, items_id: str, entries: Iterable[Moved]) -> Itemised:
        """All of them, read once; what they come to."""
        found, rest = Itemised(), iter(entries)
        while part := list(islice(rest, _ROWS)):
            key = {"of": items_id, "first": found.count}
            for entry in part:
                found.take(entry)
            self._parts.insert_one({"_id": key, "entries": [document(entry) for entry in part]})
        return found

    def read(self, items_id: str, *, after: int = 0) -> Iterator[Moved]:
        """In their order, those after so many."""
        first = after // _ROWS * _ROWS
        asked = {"_id": {"$gte": {"of": items_id, "first": first}, "$lt": {"of": items_id, "first": _END}}}
        for part in self._parts.find(asked).sort("_id", 1).batch_size(4):
            for entry in part["entries"][max(0, after - part["_id"]["first"]) :]:
                yield of(Moved, entry)

    def delete(self, items_id: str) -> None:
        self._parts.delete_many({"_id": {"$gte": {"of": items_id, "first": 0}, "$lt": {"of": items_id, "first": _END}}})
