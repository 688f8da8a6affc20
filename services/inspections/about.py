"""What a problem or a request is about: an item of the plan, or one of its indicators, in a region. And who sees it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contract import regions
from contract.errors import field_error
from contract.matters import MatterInvalid
from contract.regions import RegionAmbiguous, RegionUnknown
from plan import Plan
from services.inspections.access import Actor


@dataclass(frozen=True, slots=True)
class About:
    item: int
    target_id: str | None
    region: str


def about_of(plan: Plan, *, target_id: str | None, item: int | None, region: str) -> About:
    """``region`` is a code, or a name where that is unambiguous. Raises MatterInvalid."""
    faults = []
    indicator = plan.indicators.get(target_id or "")
    items = {each.item for each in plan.indicators.values()}
    if target_id is None and item is None:
        zh, en = "指标编号和工程序号至少填写一项", "one of target_id and item is needed"
        faults.append(field_error("/target_id", "missing", zh, en))
    elif target_id is not None and indicator is None:
        zh, en = f"方案中没有编号为{target_id}的指标", "is no indicator of the plan"
        faults.append(field_error("/target_id", "target_unknown", zh, en))
    elif indicator is not None and item not in (None, indicator.item):
        zh, en = f"指标{target_id}属于第{indicator.item}项工程", f"the indicator belongs to item {indicator.item}"
        faults.append(field_error("/item", "item_contradicts_target", zh, en))
    elif indicator is None and item not in items:
        zh, en = f"方案中没有第{item}项工程", "is no item of the plan"
        faults.append(field_error("/item", "item_unknown", zh, en))
    code = ""
    try:
        code = regions.find(region).code
    except (RegionUnknown, RegionAmbiguous) as error:
        faults.append(field_error("/region", error.code, error.zh, error.en))
    if faults:
        raise MatterInvalid("内容有误，请按所列字段更正", "correct the listed fields and send it again", faults)
    number = indicator.item if indicator else item
    assert number is not None  # one of the two was given
    return About(item=number, target_id=target_id, region=code)


def item_name(plan: Plan, item: int) -> str:
    return next((each.item_name for each in plan.indicators.values() if each.item == item), str(item))


def concerned(who: Actor, plan: Plan, about: Any) -> bool:
    """Whether it lies within the actor's region and indicators; ``about`` has item, target_id and region."""
    if not regions.within(about.region, who.region):
        return False
    own = who.targets(plan)
    return about.target_id in own or (about.target_id is None and about.item in items_of(plan, own))


def sees(who: Actor, plan: Plan, about: Any, *parties: str) -> bool:
    """Also whoever is a party to it, wherever it is."""
    return who.organisation in parties or concerned(who, plan, about)


def items_of(plan: Plan, targets: Iterable[str]) -> list[int]:
    return sorted({plan.indicators[target].item for target in targets})
