"""Builders for all tests: synthetic people, certificates as posted, rosters as uploaded. Same seed, same result."""

import datetime as dt
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from contract import regions
from samples import people, sheets
from samples.people import Person

__all__ = ["Person", "a_certificate", "a_person", "a_roster", "write_roster"]

_ANY_DAY = dt.date(2023, 5, 1)


def a_person(seed: int = 0) -> Person:
    """A resident with a valid ID number. Different seeds (0 to 86 million) are different people."""
    return people.resident(seed)


def a_certificate(
    seed: int = 0,
    *,
    person: Person | None = None,
    issued_on: dt.date | str = _ANY_DAY,
    level: str = "5",
    region: str = "130102",
    **changes: Any,
) -> dict[str, Any]:
    """The JSON body of ``POST /v1/certificates``: a number of its own for each seed, agreeing with date and level.

    ``person`` is by default the one with the same seed. ``changes`` replace fields afterwards; None leaves one out.
    """
    day = dt.date.fromisoformat(issued_on) if isinstance(issued_on, str) else issued_on
    site, serial = divmod(seed, 10**6)
    body = people.certificate(
        person or a_person(seed),
        number=people.certificate_number(issued_on=day, level=level, serial=serial, site=f"{site:06d}"),
        level=level,
        issued_on=day,
        region=region,
        assessor="河北示例职业技能评价中心",
    )
    return {name: value for name, value in (body | changes).items() if value is not None}


def a_roster(rows: int = 10, seed: int = 0, *, year: int = 2023) -> list[dict[str, Any]]:
    """Certificates of ``rows`` different people, spread over all counties, the year's days and the levels.

    People and certificate numbers are those of the seeds ``seed`` to ``seed + rows - 1``.
    """
    rng = random.Random(seed)
    codes = [region.code for region in regions.counties()]
    first = dt.date(year, 1, 1)
    return [
        a_certificate(
            number,
            issued_on=first + dt.timedelta(days=rng.randrange(365)),
            level=rng.choice("54321"),
            region=rng.choice(codes),
        )
        for number in range(seed, seed + rows)
    ]


def write_roster(
    path: Path,
    certificates: Iterable[Mapping[str, Any]],
    *,
    headers: Sequence[str] | None = None,
    encoding: str = "utf-8",
) -> Path:
    """Write certificates as a training centre's file, plainly: xlsx or csv by ``path``'s suffix.

    ``certificates`` may be a generator: memory stays flat for any number of them. ``encoding`` (csv) is utf-8,
    utf-8-sig or gb18030. ``headers`` default to all columns; values that are not text go into the cells as they are.
    """
    headers = headers or list(sheets.FIELDS)
    rows = (sheets.plain(certificate) for certificate in certificates)
    if path.suffix == ".xlsx":
        sheets.write_xlsx(path, headers, rows, streamed=True)
    else:
        sheets.write_csv(path, headers, rows, encoding=encoding)
    return path
