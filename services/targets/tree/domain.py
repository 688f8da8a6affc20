"""The target tree (目标分解): what each region is to reach, split from the province down to the counties.

Pure: what is known is handed in. A node is (indicator, region). The root's original is the plan's own number; every
other node's is what the region above allocated. A part that is deliberately not allocated is the node's reserve (机动).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from contract import regions
from contract.allocations import AllocationInvalid, TargetNotAdjusted, TargetNotAllocated
from contract.errors import field_error
from contract.words import Measure
from plan import Indicator, Plan

Fault = dict[str, str]
Key = tuple[str, str]  # (indicator, region)


class Action(StrEnum):
    """What a version of a node came from. Of a node, its split is part: it has a new version when that changes."""

    ALLOCATED = "allocated"  # its own target was set by the region above
    ADJUSTED = "adjusted"
    RESTORED = "restored"  # the adjustment was taken back
    SPLIT = "split"  # its reserve and its children's targets were set
    CHILD_ADJUSTED = "child_adjusted"


@dataclass(frozen=True, slots=True)
class Goal:
    """``original`` stays whatever is adjusted. ``reserve`` is None until the node was split. ``version`` is 1 before
    anything was decided. ``document`` (文号) and ``reason`` are those of the last change."""

    original: Decimal | None
    adjusted: Decimal | None = None
    reserve: Decimal | None = None
    version: int = 1
    document: str | None = None
    reason: str | None = None

    @property
    def current(self) -> Decimal | None:
        """What is to be reached now."""
        return self.original if self.adjusted is None else self.adjusted


@dataclass(frozen=True, slots=True)
class Responsible:
    """``principal`` 主要负责人, ``deputy`` 分管负责人, ``contact`` 联系人. Names are None where nobody was named, and
    where whoever asks may not know them."""

    lead: str | None  # 牵头单位
    co: tuple[str, ...] = ()  # 责任单位
    principal: str | None = None
    deputy: str | None = None
    contact: str | None = None
    contact_phone: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """The new version of one node, and what it came from."""

    region: str
    action: Action
    goal: Goal


Goals = Mapping[Key, Goal]  # the root of every indicator that has a target is always among them
NOTHING = Goal(None)


def roots(plan: Plan) -> dict[Key, Goal]:
    """The plan's own targets."""
    return {
        (indicator.id, plan.region): Goal(indicator.target)
        for indicator in plan.indicators.values()
        if indicator.measure is not Measure.STATE
    }


def owners(plan: Plan) -> dict[Key, Responsible]:
    """Who answers for the province's figure, as the plan has it."""
    return {
        (indicator.id, plan.region): Responsible(
            indicator.owner, tuple(name for name in indicator.departments if name != indicator.owner)
        )
        for indicator in plan.indicators.values()
    }


def allocated(goals: Goals, indicator: str, region: str) -> Decimal | None:
    """What the region's children have together; None while none of them has a target."""
    found = [goals.get((indicator, child.code), NOTHING).current for child in regions.children(region)]
    known = [target for target in found if target is not None]
    return sum(known, Decimal(0)) if known else None


def gap(goals: Goals, indicator: str, region: str) -> Decimal | None:
    """What the region was given and neither allocated nor kept in reserve; below zero when it allocated more. None
    where it has no target, or nothing below it to split it between."""
    goal = goals.get((indicator, region), NOTHING)
    if goal.current is None or not regions.children(region):
        return None
    return goal.current - (goal.reserve or Decimal(0)) - (allocated(goals, indicator, region) or Decimal(0))


def sum_gap(goals: Goals, indicator: Indicator, region: str) -> Decimal | None:
    """By how much a sum's target is above those of its parts; None for any other, or while one of them is not set."""
    whole = goals.get((indicator.id, region), NOTHING).current
    parts = [goals.get((part, region), NOTHING).current for part in indicator.sum_of]
    if whole is None or not parts or None in parts:
        return None
    return whole - sum((part for part in parts if part is not None), Decimal(0))


def allocate(
    plan: Plan,
    indicator: Indicator,
    goals: Goals,
    *,
    region: str,
    reserve: Decimal,
    children: Sequence[tuple[str, Decimal]],
    document: str,
    reason: str | None,
) -> list[Step]:
    """Split the region's target between all or some of its children; who is not named keeps what they have. Raises
    AllocationInvalid, TargetNotAllocated, RegionUnknown, RegionAmbiguous."""
    require_target(indicator)
    parent = _decided(goals, indicator, region)
    below = {child.code: child for child in regions.children(region)}
    faults = _amount_faults(plan, indicator, region, reserve, "/reserve", of_node=False)
    steps, named = [], set()
    for place, (said, target) in enumerate(children):
        pointer, code = f"/children/{place}", regions.get(said).code
        if code in named:
            faults.append(field_error(f"{pointer}/region", "duplicate", "同一地区出现两次", "is named twice"))
        elif code not in below:
            faults.append(_not_a_child(f"{pointer}/region", region))
        else:
            faults += _too_deep(indicator, code, f"{pointer}/region")
            before = goals.get((indicator.id, code), NOTHING)
            if before.original not in (None, target) and reason is None:
                zh = f"{below[code].name}已分解为{_plain(before.original)}，更改须说明理由"
                en = f"{below[code].name} was allocated {_plain(before.original)} before: say why it changes"
                faults.append(field_error("/reason", "missing", zh, en))
            after = _next(before, document, reason, original=target)
            steps.append(Step(code, Action.ALLOCATED, after))
            faults += _amount_faults(plan, indicator, code, target, f"{pointer}/target")
            faults += _related_faults(plan, indicator, goals, code, after.current, f"{pointer}/target")
        named.add(code)
    _refuse(faults)
    return [Step(region, Action.SPLIT, _next(parent, document, reason, reserve=reserve)), *steps]


def adjust(
    plan: Plan,
    indicator: Indicator,
    goals: Goals,
    *,
    region: str,
    adjusted: Decimal | None,
    document: str | None,
    reason: str,
) -> list[Step]:
    """Put an adjusted target beside the original, or with None take it back. Raises AllocationInvalid,
    TargetNotAllocated, TargetNotAdjusted."""
    require_target(indicator)
    before = _decided(goals, indicator, region)
    if adjusted is None and before.adjusted is None:
        raise TargetNotAdjusted(
            "该目标未调整过，无可撤回", "this target is not adjusted: there is nothing to take back"
        )
    after = _next(before, document, reason, adjusted=adjusted)
    faults = _related_faults(plan, indicator, goals, region, after.current, "/adjusted")
    if adjusted is not None:
        faults += _amount_faults(plan, indicator, region, adjusted, "/adjusted")
        if document is None:
            zh, en = "调整目标须注明文号", "an adjustment names the document that decided it"
            faults.append(field_error("/document", "missing", zh, en))
    _refuse(faults)
    steps = [Step(region, Action.RESTORED if adjusted is None else Action.ADJUSTED, after)]
    above = parent_of(plan, region)
    if above is not None:
        whole = goals.get((indicator.id, above), NOTHING)
        steps.append(Step(above, Action.CHILD_ADJUSTED, _next(whole, document, reason)))
    return steps


def related(plan: Plan, indicator: Indicator) -> tuple[str, ...]:
    """The indicators whose targets are decided with a look at one another's: a whole and its parts."""
    whole = indicator.part_of or indicator.id
    return (whole, *(part.id for part in plan.parts(whole)))


def parent_of(plan: Plan, region: str) -> str | None:
    """The region whose split the node belongs to; None for the root."""
    return None if region == plan.region else regions.get(region).parent


def _next(before: Goal, document: str | None, reason: str | None, **changed: Decimal | None) -> Goal:
    return replace(before, version=before.version + 1, document=document, reason=reason, **changed)


def require_target(indicator: Indicator) -> None:
    """Raises AllocationInvalid for what the plan gives no number."""
    if indicator.measure is Measure.STATE:
        raise AllocationInvalid(
            f"指标{indicator.id}没有数量目标，按工作状态和佐证跟踪，不分解",
            f"indicator {indicator.id} has no number: it is followed by state and evidence, and not allocated",
        )


def _decided(goals: Goals, indicator: Indicator, region: str) -> Goal:
    goal = goals.get((indicator.id, region), NOTHING)
    if goal.original is None:
        raise TargetNotAllocated(
            f"{regions.get(region).name}尚无指标{indicator.id}的目标，请先由上级分解",
            f"{regions.get(region).name} has no target for indicator {indicator.id} yet: the region above allocates it",
        )
    return goal


def _amount_faults(
    plan: Plan, indicator: Indicator, region: str, amount: Decimal, pointer: str, *, of_node: bool = True
) -> list[Fault]:
    decimals = decimals_of(plan, indicator)
    if amount < 0:
        return [field_error(pointer, "range", "不能小于0", "must not be below 0")]
    if amount != round(amount, decimals):
        zh, en = (
            ("须为整数", "must be whole") if not decimals else (f"最多{decimals}位小数", f"at most {decimals} decimals")
        )
        return [field_error(pointer, "decimals", zh, en)]
    reporting = indicator.reporting
    if of_node and reporting is not None and reporting.at_most_one:
        most = len(reporting_regions(indicator, region))
        if amount > most:
            zh, en = f"每个地区最多1{indicator.unit}，此处不能超过{most}", f"one for each region: not above {most} here"
            return [field_error(pointer, "at_most_one", zh, en)]
    return []


def reporting_regions(indicator: Indicator, region: str) -> tuple[str, ...]:
    """The regions within this one whose figures make up its own."""
    level = indicator.reporting.level if indicator.reporting else "county"
    if level == "county":
        return tuple(county.code for county in regions.counties(region))
    found = regions.get(region)
    if level == "unit" and found.level == "province":
        return tuple(unit.code for unit in regions.children(region))
    return (found.code,) if found.level == level else ()


def decimals_of(plan: Plan, indicator: Indicator) -> int:
    """Of an indicator's figures; a sum's are its parts'."""
    parts = [plan.indicators[part] for part in indicator.sum_of] or [indicator]
    return max(part.reporting.decimals if part.reporting else 0 for part in parts)


def _too_deep(indicator: Indicator, region: str, pointer: str) -> Iterable[Fault]:
    """Whatever nobody reports of a region cannot be asked of it."""
    if reporting_regions(indicator, region):
        return []
    zh = "该指标不在这一级统计，不能分解到此"
    en = "this indicator is not told for regions of this level: it cannot be allocated to them"
    return [field_error(pointer, "level", zh, en)]


def _not_a_child(pointer: str, region: str) -> Fault:
    name = regions.get(region).name
    zh, en = f"不是{name}的下一级地区", f"is not of the next level below {name}"
    return field_error(pointer, "not_a_child", zh, en)


def _related_faults(
    plan: Plan, indicator: Indicator, goals: Goals, region: str, target: Decimal | None, pointer: str
) -> list[Fault]:
    """A part is never above its whole, where both are known."""
    if target is None:
        return []
    faults = []
    if indicator.part_of is not None:
        whole = goals.get((indicator.part_of, region), NOTHING).current
        if whole is not None and target > whole:
            zh = f"大于其所属指标{indicator.part_of}在该地区的目标{_plain(whole)}"
            en = f"is above {_plain(whole)}, the region's target for {indicator.part_of}, of which it is a part"
            faults.append(field_error(pointer, "above_whole", zh, en))
    for part in plan.parts(indicator.id):
        known = goals.get((part.id, region), NOTHING).current
        if known is not None and known > target:
            zh = f"小于其中项{part.id}在该地区的目标{_plain(known)}，请先调整{part.id}"
            en = f"is below {_plain(known)}, the region's target for its part {part.id}: change that one first"
            faults.append(field_error(pointer, "below_part", zh, en))
    return faults


def _plain(number: Decimal | None) -> str:
    return "" if number is None else format(number, "f")


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise AllocationInvalid("目标有误，请按所列项目更正", "correct the listed fields and send it again", faults)
