"""What a section found, and how RESULTS.md says it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks import machine


@dataclass(frozen=True)
class Size:
    """How much is measured. Rates hardly depend on it; what is settled with each start does."""

    rounds: int
    events: int
    naive_events: int
    roster_rounds: int
    rows: int
    post_seconds: float
    few_people: int
    many_people: int
    reads: int
    replay_events: int
    ledger_entries: int
    ledger_reads: int
    pages: int


FULL = Size(
    rounds=3,
    events=20_000,
    naive_events=2_000,
    roster_rounds=2,
    rows=100_000,
    post_seconds=8,
    few_people=10_000,
    many_people=1_000_000,
    reads=300,
    replay_events=50_000,
    ledger_entries=100_000,
    ledger_reads=60,
    pages=100,
)
QUICK = Size(
    rounds=1,
    events=400,
    naive_events=50,
    roster_rounds=1,
    rows=300,
    post_seconds=1,
    few_people=200,
    many_people=2_000,
    reads=5,
    replay_events=400,
    ledger_entries=2_000,
    ledger_reads=4,
    pages=5,
)


@dataclass(frozen=True)
class Figure:
    """One measured quantity, a value for each round; ``beside`` sets it in proportion."""

    what: str
    values: tuple[float, ...]
    unit: str
    beside: str = ""

    @property
    def median(self) -> float:
        return median(self.values)


@dataclass(frozen=True)
class Verdict:
    asked: str
    found: str
    met: bool


@dataclass(frozen=True)
class Section:
    """``how``: what was done, so that somebody else could do it. ``costs``: column -> process -> value, free text."""

    title: str
    how: str
    figures: Sequence[Figure]
    verdicts: Sequence[Verdict]
    costs: dict[str, dict[str, str]] = field(default_factory=dict)


def show(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}" if value >= 1 else f"{value:.3f}"


def text(section: Section) -> str:
    lines = [f"## {section.title}", "", section.how, ""]
    lines += ["| | median | unit | rounds | |", "|---|---:|---|---|---|"]
    for one in section.figures:
        rounds = " · ".join(map(show, one.values)) if len(one.values) > 1 else ""
        lines.append(f"| {one.what} | **{show(one.median)}** | {one.unit} | {rounds} | {one.beside} |")
    if section.costs:
        processes = sorted({name for column in section.costs.values() for name in column})
        lines += ["", f"| process | {' | '.join(section.costs)} |", "|---|" + "---:|" * len(section.costs)]
        for name in processes:
            lines.append(f"| {name} | {' | '.join(column.get(name, '') for column in section.costs.values())} |")
    lines.append("")
    lines += [
        f"- {'✔' if one.met else '✘ **not met**'} asked: {one.asked}; found: {one.found}" for one in section.verdicts
    ]
    return "\n".join(lines) + "\n"


def report(sections: Sequence[Section], *, began: dt.date, seconds: float, load: float, versions: str) -> str:
    head = [
        "# Results",
        "",
        f"Written by `make bench` on {began}, in {seconds / 60:.0f} minutes. {machine.described()}.",
        f"Everything ran on this one machine, servers and clients too; load average before the start: {load:.1f}.",
        "Contenders take turns within one run; medians and ratios count, absolute rates move with the machine.",
        "",
        f"Versions: {versions}.",
        "",
    ]
    return "\n".join(head) + "\n" + "\n".join(map(text, sections))
