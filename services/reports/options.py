"""The defaults of filing, from ``rules.toml``."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Options:
    least_evidence: int
    most_rows: int
    most_bytes: int


@lru_cache(maxsize=1)
def options() -> Options:
    said = tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))
    return Options(
        least_evidence=said["filing"]["least_evidence"],
        most_rows=said["workbook"]["most_rows"],
        most_bytes=said["workbook"]["most_bytes"],
    )
