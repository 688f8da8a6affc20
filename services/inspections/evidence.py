"""Documents that were handed in to prove something."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """As a command names it, and a record keeps it."""

    file_id: str
    sha256: str
    title: str
