import copy
from collections.abc import Iterable, Sequence

import pytest
from bson.codec_options import CodecOptions

from audit.books import Books
from audit.checks import Audit
from audit.logs import Anchor
from deploy import fonts
from runtime import config, mongo
from runtime.config import Config
from runtime.mongo import Document
from tests.audit.world import World

Collections = dict[tuple[str, str], Sequence[Document]]


class Remembered(Books):
    """Books as they were at a moment, of which a test alters what it likes. ``read``: the collections looked at."""

    def __init__(self, config: Config, collections: Collections) -> None:
        super().__init__(config)
        self.collections = collections
        self.read: set[tuple[str, str]] = set()

    def altered(self, **changes: Sequence[Document]) -> "Remembered":
        """``targets_entries=[…]``: a service's collection as it would then be."""
        given: Collections = {(name.partition("_")[0], name.partition("_")[2]): rows for name, rows in changes.items()}
        return Remembered(self.config, {**self.collections, **given})

    def of(self, service: str, collection: str) -> list[Document]:
        """A copy, to be altered."""
        return copy.deepcopy([*self.collections[service, collection]])

    def faults(self, anchors: Sequence[Anchor] = ()) -> list[str]:
        work = Audit(self, anchors, sealed=True)
        return [fault for check in work.checks().values() for fault in work.faults(check)]

    def _find(self, service: str, collection: str, fields: Sequence[str]) -> Iterable[Document]:
        self.read.add((service, collection))
        return self.collections.get((service, collection), [])


@pytest.fixture(scope="module")
def settings(module_space: dict[str, str]) -> Config:
    fonts.ensure()
    return config.read(module_space)


@pytest.fixture(scope="module")
def world(settings: Config, tmp_path_factory: pytest.TempPathFactory) -> World:
    found = World(settings, tmp_path_factory.mktemp("world"))
    found.play()
    return found


@pytest.fixture(scope="module")
def books(world: World) -> Remembered:
    return remember(world.settings)


def remember(settings: Config) -> Remembered:
    """All that the services have stored by now."""
    client, prefix = mongo.client(settings.mongo_uri), f"{settings.mongo_prefix}_"
    found: Collections = {}
    for name in client.list_database_names():
        if name.startswith(prefix):
            database = client.get_database(name, codec_options=CodecOptions(tz_aware=True))
            for collection in database.list_collection_names():
                found[name.removeprefix(prefix), collection] = list(database[collection].find())
    return Remembered(settings, found)
