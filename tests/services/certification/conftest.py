import pytest

from runtime import config
from services.certification import store
from services.certification.rosters.store import imports as roster_imports
from services.certification.service import Certification
from tests.services.certification.builders import Rosters


@pytest.fixture
def settings(space):
    return config.read(space)


@pytest.fixture
def certificates(settings):
    return store.certificates(settings)


@pytest.fixture
def imports(settings):
    return roster_imports(settings)


@pytest.fixture
def service(settings):
    """The service's methods on the real database, without the broker: that is tests/runtime's."""
    found = Certification()
    found.settings = settings
    return found


@pytest.fixture
def rosters(service, settings):
    return Rosters(service, settings)
