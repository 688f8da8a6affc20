"""What the answers about inspections share."""

from typing import Any

from contract import regions
from runtime.record import document

_DAYS = {"as_of", "due_on", "effective_on", "issued_on", "next_on"}  # written from the dataclass, as days
_ABSENT = {"sample", "amount", "order_id", "answer"}  # left out of documents, null in answers


def plain(kept: Any) -> dict[str, Any]:
    """A record in the contract's words, but for its days, and with its region's name."""
    told = {name: value for name, value in document(kept).items() if name not in _DAYS}
    for name in _ABSENT & {*kept.__dataclass_fields__}:
        told.setdefault(name, None)
    return told | {"region_name": regions.get(kept.region).full_name}
