"""Progress: an indicator's count put beside its target and the calendar."""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

import plan as plans
from contract import regions
from contract import targets as public
from contract.actor import Actor
from contract.errors import field_error
from contract.regions import Region
from contract.sight import View, tells_apart
from plan import Indicator, Plan
from runtime import clock
from runtime.clock import Clock
from runtime.config import Config
from runtime.mongo import Document, database
from services.targets import proof
from services.targets.ledger.disclosure import family, is_veiled, veil
from services.targets.ledger.judge import everywhere
from services.targets.ledger.outlook import UNCOUNTED, UNTOLD, Standing, aim_of, checkpoint, pace, percent, stands
from services.targets.rules import SOURCES, is_counted
from services.targets.sight import Sight
from services.targets.store import Counts, Days, number, timepiece
from services.targets.tree.domain import NOTHING, Goal, Goals
from services.targets.tree.store import Tree


class Progress:
    """Answers as contract.targets says, from the rollups, or from the entries when ``known_at`` is asked. ``today`` is
    the day by the service's time, which may be set; ``now`` is the clock's, by which a watermark's age is measured."""

    def __init__(
        self, plan: Plan, counts: Counts, now: Clock = clock.now, today: Callable[[], dt.date] | None = None
    ) -> None:
        self.plan = plan
        self.counts = counts
        self._tree = Tree(counts.store, plan)
        self._now = now
        self._today = today or (lambda: clock.day_of(now()))

    def all(self) -> list[dict[str, Any]]:
        """Every indicator, for the province: nothing of it is too small to be shown."""
        goals = self._tree.goals([self.plan.region])
        today = self._today().isoformat()
        heard = self.counts.heard_up_to()
        return [self.target({"target_id": id, "as_of": today}, goals=goals, heard=heard) for id in self.plan.indicators]

    def seen(self, asked: dict[str, Any], who: Actor | None) -> dict[str, Any]:
        """ReadTarget -> Target, as much of it as ``who`` sees; None is the public."""
        read = public.ReadTarget.read(asked)
        region = regions.get(read.get("region", self.plan.region)).code
        view = Sight.of(self.plan, who).view(self._indicator(read["target_id"]).id, region)
        return self.target(asked, to_the_public=view is View.PUBLIC)

    def entries_seen(self, asked: dict[str, Any], who: Actor) -> dict[str, Any]:
        """As ``entries``, of what ``who`` sees in detail. Raises EntriesNotFound."""
        read = public.ReadEntries.read(asked)
        indicator, region = self._indicator(read["target_id"]), regions.get(read.get("region", who.region)).code
        if Sight.of(self.plan, who).view(indicator.id, region) is View.PUBLIC:
            raise public.EntriesNotFound(
                "该指标在该地区的逐条依据不在您可查看的范围之内，请查本辖区、本部门的",
                "the entries of this indicator in this region are not yours to see: ask for your own region's",
            )
        return self.entries(asked | {"region": region}, named=tells_apart(who, indicator.fact))

    def target(
        self,
        asked: dict[str, Any],
        *,
        to_the_public: bool = False,
        goals: Goals | None = None,
        heard: Sequence[Document] | None = None,
    ) -> dict[str, Any]:
        """ReadTarget -> Target. To the public, small cells are left out, and days and months below the province are
        refused: DetailNotPublic. ``goals``: what the regions are to reach, and ``heard``: how far each service was
        heard, when the caller has read them."""
        read = public.ReadTarget.read(asked)
        indicator = self._indicator(read["target_id"])
        region = regions.get(read.get("region", self.plan.region))
        if to_the_public:
            self._refuse_detail(read, region)
        now = self._now()
        as_of, known_at = read.get("as_of") or self._today(), read.get("known_at")
        clocks: dict[str, Any] = {"indicator": indicator.id, "as_of": as_of, "known_at": known_at}
        below = regions.children(region.code) if read.get("by") == "region" else ()
        if goals is None:
            codes = [region.code, *(child.code for child in below)]
            goals = self._tree.goals(codes, indicator=indicator.id, at=known_at)
        value: Decimal | None = None  # of what is told by its state, and of what nothing counts
        counted = is_counted(indicator)
        if counted:
            value = self.counts.values([region.code], **clocks)[region.code]
        detailed = bool(below) or region.code != self.plan.region
        out = self._veiled(indicator, as_of) if to_the_public and detailed else frozenset()
        if region.code in out:
            value = None
        heard = self.counts.heard_up_to() if heard is None else heard
        sources = [one for one in heard if one["service"] == SOURCES.get(indicator.fact)]
        answer = {
            **self._standing(
                indicator,
                region.code,
                goals.get((indicator.id, region.code), NOTHING),
                value,
                as_of,
                clocks,
            ),
            "region": region.code,
            "region_name": region.name,
            "as_of": as_of,
            "known_at": known_at or now,
            "sources": [{"service": source["service"], "seq": source["seq"]} for source in sources],
            "lag_seconds": _lag(sources, now),
        }
        match read.get("by"):
            case None:
                pass
            case "region":
                values = self.counts.values([child.code for child in below], **clocks)
                answer["children"] = [
                    _child(
                        child,
                        None if child.code in out or not counted else values[child.code],
                        goals.get((indicator.id, child.code), NOTHING),
                    )
                    for child in below
                ]
            case "month":
                days = self.counts.days([region.code], **clocks)[region.code]
                answer["series"] = _months(days, self.plan.year) if counted else []
            case _:
                raise public.BreakdownUnknown(
                    "只能按地区(region)或按月(month)细分",
                    "can only be broken down by region or by month",
                    [field_error("/by", "choice", "应为 region 或 month", "must be region or month")],
                )
        return public.Target.write(**answer)

    def _refuse_detail(self, read: dict[str, Any], region: Region) -> None:
        """Two days of a county differ by the persons of one day: the public sees counties as they are now."""
        small = region.code != self.plan.region or read.get("by") == "region"
        if small and ("as_of" in read or "known_at" in read or read.get("by") == "month"):
            raise public.DetailNotPublic(
                "省级以下的逐日、逐月数据不对公众开放，请使用授权的客户端令牌",
                "days and months below the province are not public; use a client's token",
            )

    def _veiled(self, indicator: Indicator, as_of: dt.date) -> frozenset[str]:
        """The regions whose numbers the public is not shown: the same as in the work ledger, or the two together would
        tell them."""
        if not is_veiled(self.plan, indicator):
            return frozenset()
        of = [one.id for one in family(self.plan, indicator)]
        values = {id: self.counts.values(everywhere(), indicator=id, as_of=as_of, known_at=None) for id in of}
        return veil(self.plan, indicator, values)

    def entries(self, asked: dict[str, Any], *, named: bool = True) -> dict[str, Any]:
        """ReadEntries -> a page of Entry. ``named``: who or what each is about."""
        read = public.ReadEntries.read(asked)
        indicator = self._indicator(read["target_id"])
        rows, cursor, more = proof.page(
            self.counts,
            indicator=indicator.id,
            region=regions.get(read["region"]).code if "region" in read else None,
            as_of=read.get("as_of"),
            known_at=read.get("known_at"),
            after=read.get("after"),
            limit=read["limit"],
        )
        return {
            "items": [
                public.Entry.write(
                    id=str(row["_id"]),
                    target_id=row["indicator"],
                    effective_on=dt.date.fromisoformat(row["effective_on"]),
                    value=number(row["value"]),
                    seq=row["seq"] or 0,
                    **{name: row[name] for name in _ENTRY_FIELDS},
                    **{name: row[name] if named else None for name in ("subject", "fact_id")},
                )
                for row in rows
            ],
            "next": cursor if more else None,
            "resume": cursor or None,
        }

    def status(self) -> dict[str, Any]:
        now = self._now()
        return {
            "sources": [
                {
                    "service": source["service"],
                    "seq": source["seq"],
                    "lag_seconds": None if (lag := _lag([source], now)) is None else float(lag),
                }
                for source in self.counts.heard_up_to()
            ]
        }

    def _indicator(self, id: str) -> Indicator:
        try:
            return self.plan.indicators[id]
        except KeyError:
            listed = "、".join(self.plan.indicators)
            raise public.TargetNotFound(
                f"没有编号为{id}的指标；现有：{listed}",
                f"there is no indicator {id}; there are: {', '.join(self.plan.indicators)}",
            ) from None

    def _standing(
        self,
        indicator: Indicator,
        region: str,
        goal: Goal,
        value: Decimal | None,
        as_of: dt.date,
        clocks: dict[str, Any],
    ) -> dict[str, Any]:
        due = self._due(indicator, as_of)
        standing = UNTOLD
        if goal.current is not None and not is_counted(indicator):
            standing = UNCOUNTED
        elif goal.current is not None and value is not None:
            standing = self._beside(indicator, goal.current, region, value, due, as_of, clocks)
        return {
            "id": indicator.id,
            "name": indicator.name,
            "quote": indicator.quote,
            "unit": indicator.unit,
            "comparator": indicator.comparator,
            "target": goal.original,
            "adjusted_target": goal.adjusted,
            "value": value,
            "percent": standing.percent,
            **({} if goal.adjusted is None else {"percent_of_original": _share(value, goal.original)}),
            "pace": due,
            "deviation": standing.deviation,
            "status": standing.status and standing.status.value,
            "colour": standing.colour,
        }

    def _beside(
        self,
        indicator: Indicator,
        goal: Decimal,
        region: str,
        value: Decimal,
        due: Decimal,
        as_of: dt.date,
        clocks: dict[str, Any],
    ) -> Standing:
        days = self.counts.days([region], **clocks)[region]
        before = [value for day, value in days.items() if day < self.plan.begins]
        aim = aim_of(self.plan, indicator, goal, sum(before, Decimal(0)) if before else None)
        assert aim is not None  # who has a target has a comparator
        last = checkpoint(as_of, begins=self.plan.begins, deadline=self.plan.deadline)
        earlier = None
        if last is not None:
            until_then = sum((value for day, value in days.items() if day <= last), Decimal(0))
            earlier = until_then, self._due(indicator, last)
        return stands(aim, value, due=due, as_of=as_of, deadline=self.plan.deadline, earlier=earlier)

    def _due(self, indicator: Indicator, as_of: dt.date) -> Decimal:
        return pace(begins=self.plan.begins, deadline=self.plan.deadline, as_of=as_of, curve=indicator.curve)


_ENTRY_FIELDS = (
    "region", "recorded_at", "cause", "event_id", "service",
)  # fmt: skip


def _child(region: Region, value: Decimal | None, goal: Goal) -> dict[str, Any]:
    return {
        "region": region.code,
        "name": region.name,
        "value": value,
        "target": goal.original,
        "adjusted_target": goal.adjusted,
        "percent": _share(value, goal.current),
    }


def _share(value: Decimal | None, target: Decimal | None) -> Decimal | None:
    """In percent; None where either is not known, or nothing was to be reached."""
    return percent(value, target) if value is not None and target else None


def _lag(sources: Sequence[Document], now: dt.datetime) -> Decimal | None:
    """Seconds since the instant up to which all sources are known, None while one has not been heard at all."""
    heard = [source["at"] for source in sources]
    if not heard or None in heard:
        return None
    return max(Decimal((now - min(heard)).total_seconds()).quantize(Decimal("0.001")), Decimal(0))


def _months(days: Days, year: int) -> list[dict[str, Any]]:
    series, cumulative = [], Decimal(0)
    for month in range(1, 13):
        value = sum((value for on, value in days.items() if (on.year, on.month) == (year, month)), Decimal(0))
        cumulative += value
        series.append({"month": f"{year}-{month:02}", "value": value, "cumulative": cumulative})
    return series


@lru_cache(maxsize=4)
def progress(config: Config) -> Progress:
    """The process's one; raises PlanUnreadable."""
    counts = Counts(database(config, "targets"))
    return Progress(plans.read(config.plan_file), counts, today=partial(timepiece.today, config))
