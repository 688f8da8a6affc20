"""What a bulletin (通报) says, as it is kept for ever.

Pure, as are composing.py, ranking.py and correcting.py, which make it from a locked snapshot and from nothing else; a
correction also from the entries that came after it.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from contract.words import Status
from services.targets.snapshots.domain import Moved

INLINE = 300  # entries and problems that a bulletin's own document holds; what a few pages of it can show


@dataclass(frozen=True)
class Options:
    """How many units are named at most; ``ceiling``: the most percent of the pace that one indicator counts for."""

    leaders: int = 3
    laggards: int = 3
    ceiling: Decimal | None = None


@dataclass(frozen=True)
class Line:
    """An indicator in the whole province."""

    indicator: str
    item: int
    item_name: str
    name: str
    unit: str
    decimals: int
    comparator: str
    department: str
    target: Decimal | None
    adjusted_target: Decimal | None
    value: Decimal | None
    percent: Decimal | None
    percent_of_original: Decimal | None
    pace: Decimal | None
    deviation: Decimal | None
    status: str | None
    colour: str | None


@dataclass(frozen=True)
class StateLine:
    """An indicator without a number: in how many of the regions that report it the work stands how."""

    indicator: str
    item: int
    item_name: str
    name: str
    department: str
    state: str | None
    done: int
    under_way: int
    not_started: int
    untold: int


@dataclass(frozen=True)
class Measured:
    """``ratio``: completion in percent of the pace."""

    indicator: str
    name: str
    percent: Decimal
    ratio: Decimal


@dataclass(frozen=True)
class Score:
    """A unit's place; None and no score where nothing was allocated to it. Equal scores share a place. ``behind``: on
    how many indicators it is behind the pace. ``measured``: the worst first."""

    region: str
    name: str
    place: int | None
    score: Decimal | None
    behind: int
    measured: tuple[Measured, ...]


@dataclass(frozen=True)
class Reporting:
    """How many lines of a unit, or of the province's departments themselves, were late and missing."""

    region: str
    name: str
    late: int
    missing: int


@dataclass(frozen=True)
class Outstanding:
    """One indicator's regions, by name, that filed late or not at all."""

    indicator: str
    name: str
    department: str
    late: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    indicator: str
    name: str
    region: str
    region_name: str
    problems: str | None
    next_steps: str | None


@dataclass(frozen=True)
class Move:
    """What was reported of a region in the corrected bulletin, and what is now known for the same day."""

    indicator: str
    name: str
    unit: str
    decimals: int
    region: str
    region_name: str
    reported: Decimal
    known: Decimal
    reported_percent: Decimal | None
    known_percent: Decimal | None

    @property
    def by(self) -> Decimal:
        return self.known - self.reported


@dataclass(frozen=True)
class Correction:
    """``sources``: what was known when it was made. ``entries``: the first of them; all, which may be a hundred
    thousand, are kept beside, ``entries_count`` of them with ``entries_digest``. Both are None in what was issued
    before 0.3: there all stand here. ``unexplained``: moves that the entries do not add up to, of an event that was
    told late: named, so that somebody looks."""

    code: str
    title: str
    bulletin_id: str
    reason: str
    sources: Mapping[str, int]
    moves: tuple[Move, ...]
    entries: tuple[Moved, ...]
    unexplained: tuple[str, ...]
    entries_count: int | None = None
    entries_digest: str | None = None

    @property
    def counted_entries(self) -> int:
        return len(self.entries) if self.entries_count is None else self.entries_count


@dataclass(frozen=True)
class Annex:
    """What only the workbook says in full; ``entries`` are read once, as the rows are written."""

    problems: tuple[Problem, ...] = ()
    entries: Iterable[Moved] = ()


@dataclass(frozen=True)
class Head:
    """How far a service's event log went, and the hash of all of it: who has it on paper can tell whether the log was
    changed since."""

    service: str
    seq: int
    hash: str

    def short(self) -> str:
        """As it is printed, and as ``make audit --anchor`` takes it."""
        return f"{self.service}:{self.seq}:{self.hash[:16]}"

    def whole(self) -> str:
        return f"{self.service}:{self.seq}:{self.hash}"


@dataclass(frozen=True)
class Content:
    """All that a bulletin says, but for its number. ``problems``: the first of ``problems_count``; the workbook has
    all, and the snapshot's rows hold them. It is None in what was issued before 0.3: there all stand here. ``heads``:
    of every log, as they were when it was made; none in what was issued before 0.3."""

    title: str
    issuer: str
    series: str
    addressees: str
    plan_name: str
    year: int
    round: int
    period: str
    as_of: dt.date
    due_on: dt.date
    issued_on: dt.date
    snapshot_id: str
    snapshot_digest: str
    sources: Mapping[str, int]
    rule: str
    options: Options
    lines: tuple[Line, ...]
    states: tuple[StateLine, ...]
    ranking: tuple[Score, ...]
    leaders: tuple[Score, ...]
    laggards: tuple[Score, ...]
    reporting: tuple[Reporting, ...]
    outstanding: tuple[Outstanding, ...]
    problems: tuple[Problem, ...]
    correction: Correction | None = None
    problems_count: int | None = None
    heads: tuple[Head, ...] = ()

    @property
    def counted_problems(self) -> int:
        return len(self.problems) if self.problems_count is None else self.problems_count

    def code(self, number: int | None) -> str:
        """文号; a draft's is blank."""
        return f"{self.series}〔{self.year}〕第{'　' if number is None else number}期"

    @property
    def standing(self) -> Mapping[str, int]:
        """How many indicators stand how."""
        counts = Counter(line.status for line in self.lines)
        return {status.value: counts[status.value] for status in Status}
