"""Whatever is altered in the services' own databases, the audit names it, or it is said why nobody need know."""

from collections import defaultdict

from audit.checks import Audit
from runtime import mongo
from runtime.mongo import Document
from tests.audit import verdicts
from tests.audit.conftest import Remembered
from tests.audit.mutations import Mutation, mutations
from tests.audit.world import World


def test_every_collection_is_looked_at_or_has_a_reason_why_not(books: Remembered) -> None:
    looked_at = set().union(*_read_by(books).values())
    unjudged = books.collections.keys() - looked_at - verdicts.WHOLE.keys()
    assert {one for one in unjudged if one[0] != "files"} == set(), "say in verdicts.py why, or let the audit read it"
    assert not looked_at & verdicts.WHOLE.keys()


def test_each_altered_field_each_deleted_and_each_copied_document_is_named(books: Remembered) -> None:
    read_by = _read_by(books)
    unnamed: dict[tuple[str, str], set[str]] = defaultdict(set)
    tried = 0
    for (service, collection), rows in books.collections.items():
        if service == "files" or (service, collection) in verdicts.WHOLE:
            continue
        checks = [check for check, read in read_by.items() if (service, collection) in read]
        for mutation in mutations(sorted(rows, key=_is_nothing)):
            tried += 1
            if mutation.field not in verdicts.EVERYWHERE and not _named(books, service, collection, mutation, checks):
                unnamed[service, collection].add(mutation.field)
    excused = {key: {*fields} for key, fields in verdicts.FIELDS.items()}
    found = {key: {_whole(field, excused.get(key, set())) for field in fields} for key, fields in unnamed.items()}
    assert found == {key: fields for key, fields in excused.items() if key in books.collections}, f"of {tried} tried"
    assert tried > 1500


def test_each_altered_field_of_a_bulletins_file_is_named(world: World, books: Remembered) -> None:
    """On the real database: what is stored of a file is encrypted."""
    first = books.collections["targets", "bulletins"][0]
    file_id = first["document"]["file_id"]
    store = mongo.database(world.settings, "files")
    for collection in verdicts.FILES:
        rows = [row for row in store[collection].find() if file_id in (row["_id"], _file_of(row))]
        for mutation in mutations(rows):
            if mutation.field in ("(copied)", "filename", "began_at") or mutation.field.startswith("bound"):
                continue  # a file that no record names, what nobody is shown, and who named it, which has no effect
            store[collection].delete_many({"_id": {"$in": [row["_id"] for row in rows]}})
            if mutation.rows:
                store[collection].insert_many([*mutation.rows])
            try:
                here = books.altered(files_files=list(store["files"].find()))
                assert any(first["_id"] in fault for fault in here.faults()), f"{collection}.{mutation.field}"
            finally:
                store[collection].delete_many({"_id": {"$in": [row["_id"] for row in mutation.rows]}})
                store[collection].insert_many(rows)


def _read_by(books: Remembered) -> dict[str, set[tuple[str, str]]]:
    """What each check looks at: it cannot notice anything else."""
    found = {}
    for check in Audit(books, sealed=True).checks():
        seen = Remembered(books.config, books.collections)
        work = Audit(seen, sealed=True)
        assert [*work.faults(work.checks()[check])] == []
        found[check] = seen.read
    return found


def _named(books: Remembered, service: str, collection: str, mutation: Mutation, checks: list[str]) -> bool:
    work = Audit(books.altered(**{f"{service}_{collection}": mutation.rows}), sealed=True)
    name = f"{service}.{collection}"
    return any(name in fault for check in checks for fault in work.faults(work.checks()[check]))


def _whole(field: str, excused: set[str]) -> str:
    """A field of what is excused as a whole is that."""
    return next((one for one in excused if field == one or field.startswith(f"{one}.")), field)


def _is_nothing(row: Document) -> bool:
    """A rollup that has come to nothing again may as well not be there."""
    return bool(row.get("total") == 0)


def _file_of(row: Document) -> str | None:
    return row["_id"]["f"] if isinstance(row["_id"], dict) else None
