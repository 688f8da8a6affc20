"""Who asks, as the gateway would say it."""

from typing import Any

from contract.words import Role
from gateway import scopes


def an_actor(role: Role, *, region: str = "130000", name: str = "one", also: tuple[str, ...] = ()) -> dict[str, Any]:
    """With the scopes of the role. ``name`` is client and organisation."""
    return {
        "client_id": f"client-{name}",
        "role": role.value,
        "region": region,
        "organisation": name,
        "scopes": [*scopes.OF_ROLE[role], *also],
    }


CENTRE = an_actor(Role.TRAINING_CENTRE, name="centre")
OTHER_CENTRE = an_actor(Role.TRAINING_CENTRE, name="other")
BUREAU = an_actor(Role.CIVIL_AFFAIRS, name="bureau")
INSPECTOR = an_actor(Role.INSPECTOR, name="inspector")
