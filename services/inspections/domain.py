"""An inspection (督导检查) and the sample that was drawn for it. Pure: what is needed is handed in."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from contract import regions
from contract.errors import field_error
from contract.inspections import CountedFact, InspectionInvalid, InspectionState
from plan import Plan

_FACTS = {
    "certificate": CountedFact.CERTIFICATE,
    "award": CountedFact.AWARD,
    "report": CountedFact.REPORT,
    "sum": CountedFact.REPORT,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the life of an inspection, a finding or a withdrawal."""

    version: int
    what: str
    at: dt.datetime
    by: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    frame_size: int
    frame_digest: str
    drawn: int
    drawn_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Inspection:
    """``seed_given``: by the planner, not by chance. ``members`` are never said outside the service's answers."""

    inspection_id: str
    version: int
    title: str
    target_id: str
    region: str
    as_of: dt.date
    size: int
    seed: str
    seed_given: bool
    members: tuple[str, ...] = field(repr=False)
    state: InspectionState
    history: tuple[Step, ...] = field(repr=False)
    sample: Sample | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """One of the sample, by its place from 1. ``on``: the day from which it counts."""

    inspection_id: str
    number: int
    subject: str
    fact: CountedFact
    fact_id: str
    region: str
    amount: Decimal
    on: dt.date


def plan_one(
    plan: Plan,
    *,
    inspection_id: str,
    title: str,
    target_id: str,
    region: str,
    as_of: dt.date | None,
    size: int,
    seed: str | None,
    chance: str,
    members: Sequence[str],
    today: dt.date,
    at: dt.datetime,
    by: str,
) -> Inspection:
    """``chance`` is the seed when none is given. Raises InspectionInvalid, RegionUnknown, RegionAmbiguous."""
    faults = []
    indicator = plan.indicators.get(target_id)
    if indicator is None:
        faults.append(field_error("/target_id", "unknown", "方案中没有这项指标", "the plan has no such indicator"))
    elif indicator.fact not in _FACTS or indicator.target is None:
        zh, en = "该指标没有可抽样的计数单位", "nothing is counted of this indicator that could be sampled"
        faults.append(field_error("/target_id", "not_counted", zh, en))
    if as_of is not None and as_of > today:
        faults.append(field_error("/as_of", "future", "不能晚于今天", "must not lie after today"))
    if not members:
        faults.append(field_error("/members", "missing", "至少一名督导人员", "names at least one inspector"))
    if faults:
        raise InspectionInvalid("督导方案有误，请按所列字段更正", "correct the listed fields and send it again", faults)
    return Inspection(
        inspection_id=inspection_id,
        version=1,
        title=title,
        target_id=target_id,
        region=regions.get(region).code,
        as_of=as_of or today,
        size=size,
        seed=seed or chance,
        seed_given=seed is not None,
        members=tuple(members),
        state=InspectionState.PLANNED,
        history=(Step(1, "inspection_planned", at, by),),
    )


def drawn(inspection: Inspection, sample: Sample, *, by: str) -> Inspection:
    """The inspection with its sample; the same one when it has it already."""
    if inspection.sample is not None:
        return inspection
    step = Step(inspection.version + 1, "sample_drawn", sample.drawn_at, by)
    return replace(
        inspection,
        version=step.version,
        state=InspectionState.DRAWN,
        sample=sample,
        history=(*inspection.history, step),
    )


def counted_as(plan: Plan, target_id: str) -> CountedFact:
    return _FACTS[plan.indicators[target_id].fact]
