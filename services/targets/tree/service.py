"""What targets is asked of its tree: to split and adjust targets, and to say who answers for them.

The province's dispatcher sets the target of every region; a unit's own dispatcher or reviewer those of its counties.
Nobody sets their own. ``actor`` is contract.actor.Actor.
"""

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import Any

from pymongo.client_session import ClientSession

from contract import allocations as public
from contract import regions
from contract.actor import Actor
from contract.errors import Refused, field_error
from contract.sight import View
from contract.targets import TargetNotFound
from contract.words import Role
from plan import Indicator, Plan
from plan.organisations import OrganisationUnknown
from runtime.commands import Commands
from runtime.hosting import Settings, rpc
from runtime.vault import Vault
from services.targets.sight import Sight
from services.targets.store import timepiece
from services.targets.tree import domain as decided
from services.targets.tree.domain import NOTHING, Goals, Responsible
from services.targets.tree.store import Tree, tree

ADJUST = "targets:adjust"


@dataclass(frozen=True)
class Desk:
    """What a command needs: the tree as it is kept, who asks, the indicator and the region meant."""

    kept: Tree
    who: Actor
    indicator: Indicator
    region: str

    @property
    def plan(self) -> Plan:
        return self.kept.plan

    def goals(self, session: ClientSession, *codes: str) -> Goals:
        return self.kept.goals(codes, session=session)


class TreeCalls:
    settings: Settings

    @rpc(expected_exceptions=Refused)
    def allocate_targets(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """AllocateTargets -> TargetTree. Refuses TargetNotFound, NodeNotFound, AllocationNotAllowed, AllocationInvalid,
        TargetNotAllocated, AllocationChanged, CommandReused."""
        asked = public.AllocateTargets.read(command)
        desk = self._desk(asked, actor)
        _may_split(desk, desk.region)
        at = timepiece.now(self.settings)
        children = [(child["region"], child["target"]) for child in asked["children"]]

        def work(session: ClientSession) -> str:
            desk.kept.hold(session, decided.related(desk.plan, desk.indicator))
            codes = [child.code for child in regions.children(desk.region)]
            goals = desk.goals(session, desk.region, *codes)
            _expect(goals.get((desk.indicator.id, desk.region), NOTHING).version, asked)
            steps = decided.allocate(
                desk.plan,
                desk.indicator,
                goals,
                region=desk.region,
                reserve=asked["reserve"],
                children=children,
                document=asked["document"],
                reason=asked.get("reason"),
            )
            desk.kept.put(session, desk.indicator.id, steps, at=at, by=desk.who.client_id)
            return desk.region

        self._commands(desk).once(desk.who.client_id, asked, work, action="allocate_targets")
        return _shown_tree(desk, at=None, known_at=timepiece.now(self.settings))

    @rpc(expected_exceptions=Refused)
    def adjust_target(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """AdjustTarget -> TargetTree. Refuses TargetNotFound, NodeNotFound, AllocationNotAllowed, AllocationInvalid,
        TargetNotAllocated, TargetNotAdjusted, AllocationChanged, CommandReused."""
        asked = public.AdjustTarget.read(command)
        desk = self._desk(asked, actor)
        above = decided.parent_of(desk.plan, desk.region)
        _may_split(desk, above or desk.region)
        at = timepiece.now(self.settings)

        def work(session: ClientSession) -> str:
            desk.kept.hold(session, decided.related(desk.plan, desk.indicator))
            goals = desk.goals(session, desk.region, *filter(None, [above]))
            _expect(goals.get((desk.indicator.id, desk.region), NOTHING).version, asked)
            steps = decided.adjust(
                desk.plan,
                desk.indicator,
                goals,
                region=desk.region,
                adjusted=asked["adjusted"],
                document=asked.get("document"),
                reason=asked["reason"],
            )
            desk.kept.put(session, desk.indicator.id, steps, at=at, by=desk.who.client_id)
            return desk.region

        self._commands(desk).once(desk.who.client_id, asked, work, action="adjust_target")
        return _shown_tree(desk, at=None, known_at=timepiece.now(self.settings))

    @rpc(expected_exceptions=Refused)
    def tree(self, asked: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ReadTree -> TargetTree. Refuses TargetNotFound, NodeNotFound, AllocationInvalid for what has no number."""
        read = public.ReadTree.read(asked)
        desk = self._desk(read, actor)
        decided.require_target(desk.indicator)
        at = read.get("as_known_at")
        return _shown_tree(desk, at=at, known_at=at or timepiece.now(self.settings))

    @rpc(expected_exceptions=Refused)
    def name_responsible(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """NameResponsible -> Responsible. Refuses TargetNotFound, NodeNotFound, AllocationNotAllowed,
        AllocationInvalid, AllocationChanged, CommandReused."""
        asked = public.NameResponsible.read(command)
        desk = self._desk(asked, actor)
        _may_name(desk)
        asked |= _offices(desk, asked)
        key, at = (desk.indicator.id, desk.region), timepiece.now(self.settings)

        def work(session: ClientSession) -> str:
            version = desk.kept.responsible_version(key, session)
            _expect(version, asked)
            desk.kept.put_responsible(session, key, asked, version=version + 1, at=at, by=desk.who.client_id)
            return desk.region

        self._commands(desk).once(desk.who.client_id, asked, work, action="name_responsible")
        return _shown_responsibles(desk, [desk.region])[0]

    @rpc(expected_exceptions=Refused)
    def responsibles(self, asked: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """``{"items": [Responsible]}``: of the region and of each below it. Refuses TargetNotFound, NodeNotFound."""
        desk = self._desk(public.ReadTree.read(asked), actor)
        return {"items": _shown_responsibles(desk, [desk.region, *(c.code for c in regions.children(desk.region))])}

    def _desk(self, asked: dict[str, Any], actor: dict[str, Any]) -> Desk:
        """Raises TargetNotFound, NodeNotFound, RegionUnknown, RegionAmbiguous."""
        kept, who = tree(self.settings), Actor.of(actor)
        indicator = kept.plan.indicators.get(asked["target_id"])
        if indicator is None:
            listed = "、".join(kept.plan.indicators)
            raise TargetNotFound(f"没有这个指标；现有：{listed}", "there is no such indicator; /v1/targets lists them")
        region = regions.get(asked.get("region", who.region)).code
        if not regions.within(region, who.region):
            raise public.NodeNotFound(
                "该地区不在您的管辖范围，看不到其目标", "the region lies outside of yours: its targets are not shown"
            )
        return Desk(kept, who, indicator, region)

    def _commands(self, desk: Desk) -> Commands:
        hashed = partial(Vault(self.settings, desk.kept.store).hash, "command")  # commands carry names
        return Commands(desk.kept.store, hashed=hashed)


def _may_split(desk: Desk, parent: str) -> None:
    """Whether the actor sets the targets of the parent's children, or the province's own. Raises NodeNotFound,
    AllocationNotAllowed."""
    if desk.who.role == Role.DISPATCHER and ADJUST in desk.who.scopes:
        allowed = regions.within(parent, desk.who.region)
    else:
        allowed = _reviews(desk) and parent == desk.who.region and regions.get(parent).level == "unit"
    if not allowed:
        raise _not_allowed()


def _may_name(desk: Desk) -> None:
    """Raises AllocationNotAllowed."""
    dispatches = desk.who.role == Role.DISPATCHER and ADJUST in desk.who.scopes
    if not dispatches and not (_reviews(desk) and regions.get(desk.who.region).level == "unit"):
        raise _not_allowed()


def _offices(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    """``lead`` and ``co`` as the plan's lists write them. Raises AllocationInvalid."""
    given = [("/lead", asked["lead"])] if "lead" in asked else []
    given += [(f"/co/{place}", name) for place, name in enumerate(asked.get("co", []))]
    names, faults = [], []
    for at, name in given:
        try:
            names.append(desk.plan.organisations.named(name, region=desk.region))
        except OrganisationUnknown as error:
            faults.append(field_error(at, "organisation_unknown", error.zh, error.en))
    if faults:
        raise public.AllocationInvalid(
            "单位有误，请按所列项目更正", "correct the listed fields and send it again", faults
        )
    found: dict[str, Any] = {"lead": names.pop(0)} if "lead" in asked else {}
    return found | ({"co": names} if "co" in asked else {})


def _reviews(desk: Desk) -> bool:
    """A department's own reviewer decides on its own indicators only."""
    who = desk.who
    owned = desk.plan.concerning(role=who.role, organisation=who.organisation, region=who.region)
    return who.role == Role.REPORT_REVIEWER and ADJUST in who.scopes and desk.indicator.id in owned


def _not_allowed() -> public.AllocationNotAllowed:
    return public.AllocationNotAllowed(
        "目标由上一级分解和调整：各市目标由省级调度员办理，县级目标由所在市或省级办理",
        "a target is set by the region above: a unit's by the province's dispatcher, a county's by its unit or the "
        "province",
    )


def _expect(version: int, asked: dict[str, Any]) -> None:
    if asked.get("expected_version") not in (None, version):
        raise public.AllocationChanged(
            f"目标分解已被他人更改：当前版本为{version}，请重新读取后再提交",
            f"this was changed by somebody else and is now at version {version}: read it again",
            facts={"version": version},
        )


def _shown_tree(desk: Desk, *, at: dt.datetime | None, known_at: dt.datetime) -> dict[str, Any]:
    indicator, below = desk.indicator, regions.children(desk.region)
    codes = [desk.region, *(code for child in below for code in (child.code, *_codes_below(child.code)))]
    only = None if indicator.sum_of else indicator.id
    goals = desk.kept.goals(codes, indicator=only, at=at)
    return public.TargetTree.write(
        target_id=indicator.id,
        name=indicator.name,
        unit=indicator.unit,
        comparator=indicator.comparator,
        known_at=known_at,
        **_shown_node(desk, goals, desk.region),
        children=[_shown_node(desk, goals, child.code) for child in below],
        history=[
            {name: row[name] for name in public.TreeChange().fields}
            for row in desk.kept.history(indicator.id, desk.region, at=at)
        ],
    )


def _codes_below(region: str) -> list[str]:
    return [child.code for child in regions.children(region)]


def _shown_node(desk: Desk, goals: Goals, region: str) -> dict[str, Any]:
    goal, id = goals.get((desk.indicator.id, region), NOTHING), desk.indicator.id
    return {
        "region": region,
        "region_name": regions.get(region).name,
        "original": goal.original,
        "adjusted": goal.adjusted,
        "target": goal.current,
        "reserve": goal.reserve,
        "allocated": decided.allocated(goals, id, region),
        "gap": decided.gap(goals, id, region),
        "sum_gap": decided.sum_gap(goals, desk.indicator, region),
        "version": goal.version,
        "document": goal.document,
        "reason": goal.reason,
    }


def _shown_responsibles(desk: Desk, codes: list[str]) -> list[dict[str, Any]]:
    """Names only to those of the work, and of their own indicators."""
    names = Sight.of(desk.plan, desk.who).view(desk.indicator.id, desk.region) is View.WORK
    found = desk.kept.responsibles(codes, indicator=desk.indicator.id, names=names)
    return [
        public.Responsible.write(
            target_id=desk.indicator.id,
            region=code,
            region_name=regions.get(code).name,
            **{name: getattr(one, name) for name in ("lead", "principal", "deputy", "contact", "contact_phone")},
            co=list(one.co),
            version=one.version,
        )
        for code in codes
        for one in [found.get((desk.indicator.id, code), Responsible(None))]
    ]
