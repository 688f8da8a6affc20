"""What problems (问题台账) and 绿色通道 requests share: what each is about, which is an item of the plan or one of its
indicators, in a region; and who reads, registers and sees it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contract import regions
from contract.errors import field_error
from contract.matters import MatterInvalid, MattersNotAllowed
from contract.regions import RegionAmbiguous, RegionUnknown
from plan import Plan
from plan.organisations import OrganisationUnknown
from services.inspections.access import MATTERS, READ, Actor


@dataclass(frozen=True, slots=True)
class About:
    item: int
    target_id: str | None
    region: str


def reader_of(actor: dict[str, Any]) -> Actor:
    """Raises MattersNotAllowed."""
    who = Actor.of(actor)
    if not who.scopes & {READ, MATTERS}:
        raise _not_allowed()
    return who


def writer_of(actor: dict[str, Any]) -> Actor:
    """Raises MattersNotAllowed."""
    who = Actor.of(actor)
    if MATTERS not in who.scopes:
        raise _not_allowed()
    return who


def asked_about(plan: Plan, asked: dict[str, Any], who: Actor) -> About:
    """Raises MatterInvalid, MattersNotAllowed."""
    found = about_of(plan, target_id=asked.get("target_id"), item=asked.get("item"), region=asked["region"])
    if not concerned(who, plan, found):
        raise MattersNotAllowed(
            "只能登记本辖区、本部门的事项", "only what concerns one's own region and department may be registered"
        )
    return found


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
        raise invalid(faults)
    number = indicator.item if indicator else item
    assert number is not None  # one of the two was given
    return About(item=number, target_id=target_id, region=code)


def named(plan: Plan, organisation: str, *, at: str, region: str) -> str:
    """The organisation that a command names at a field, as it is written throughout. Raises MatterInvalid."""
    try:
        return plan.organisations.named(organisation, region=region)
    except OrganisationUnknown as error:
        raise invalid([field_error(at, "organisation_unknown", error.zh, error.en)]) from None


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


def invalid(faults: list[dict[str, str]]) -> MatterInvalid:
    return MatterInvalid("内容有误，请按所列字段更正", "correct the listed fields and send it again", faults)


def never_handed_in(places: Iterable[int]) -> MatterInvalid:
    """Of a command's evidence."""
    zh, en = "没有这份材料，请先上传", "was never handed in: upload it first"
    return invalid([field_error(f"/evidence/{place}/file_id", "file_unknown", zh, en) for place in places])


def _not_allowed() -> MattersNotAllowed:
    return MattersNotAllowed("没有办理问题和绿色通道的权限（matters:write）", "this needs the scope matters:write")
