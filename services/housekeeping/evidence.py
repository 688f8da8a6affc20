"""Evidence: what a step rests on, of a case or of an award. The document itself lies elsewhere, under its digest."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Evidence:
    kind: str
    title: str
    sha256: str
    file_id: str | None = None


def evidence_of(asked: dict[str, Any]) -> tuple[Evidence, ...]:
    return tuple(Evidence(**item) for item in asked.get("evidence", ()))


def joined(held: tuple[Evidence, ...], more: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Nothing twice, and nothing ever removed."""
    return (*held, *(item for item in dict.fromkeys(more) if item not in held))


def shown_evidence(item: Evidence) -> dict[str, Any]:
    shown = {"kind": item.kind, "title": item.title, "sha256": item.sha256}
    return shown | ({"file_id": item.file_id} if item.file_id else {})
