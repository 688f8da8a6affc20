"""The shape of every event as it was first said, one file each. Files are only ever added to.

python -m tests.contract.snapshots        write the files of new events and add new fields to the others
"""

import json
from pathlib import Path
from typing import Any

from contract import housekeeping, records, subscriptions
from contract.message import Event

FOLDER = Path(__file__).parent / "snapshots"

assert subscriptions.SUBSCRIPTIONS  # imports the contract modules whose events are heard
assert housekeeping.EVENTS
assert records.RECORD_WRITTEN


def shape(event: type[Event]) -> dict[str, Any]:
    return {
        name: {
            "type": type(field).__name__,
            "required": field.required,
            **({"null": True} if field.allow_none else {}),
        }
        for name, field in sorted(event().fields.items())
    }


def path(event: type[Event]) -> Path:
    return FOLDER / f"{event.type()}.json"


def main() -> None:
    for event in Event.known():
        kept = json.loads(path(event).read_text()) if path(event).exists() else {}
        added = {name: field for name, field in shape(event).items() if name not in kept}
        if added:
            path(event).write_text(json.dumps(dict(sorted({**kept, **added}.items())), indent=2) + "\n")
            print(f"{event.type()}: {', '.join(added)}")


if __name__ == "__main__":
    main()
