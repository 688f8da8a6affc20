"""Hebei's regions: the province, its 14 reporting units, and 167 county-level units.

``regions.csv`` holds one row a code. 定州 and 辛集 report to the province themselves, so each is a unit that is also
its own county-level unit (``is_county``), under one code: adding up over ``path`` never counts it twice.

Where the data comes from: names and codes, GB/T 2260 as in china-division 2.7.0; former codes, their years and where
their area went, the Ministry of Civil Affairs' yearly lists as collected by github.com/yescallop/areacodes (CC0);
both agree with python-stdnum's cn/loc.dat. 139001, 139002: the statistics bureau's codes. 133101-133103:
github.com/qwd/LocationList, issue 23. Former codes begin in 1983: the prefectures (地区), which ended by 1996, are
left out.

``valid_from`` is the year in which the code came into use, ``valid_until`` the year in which it went out of use.
A former code answers with the region that took over its whole area; where the area was divided, it is ambiguous.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, NoReturn

from contract import identifying
from contract.errors import Invalid

PROVINCE = "130000"

# Older names (郊区, 新区 …) mean something else today, so they are known by code only.
_FORMER_NAMES_SINCE = 2010


class RegionUnknown(Invalid):
    """No region of Hebei, now or since 1983, has this code or name."""


class RegionAmbiguous(Invalid):
    """Several regions answer to this name, or took over this former one. ``facts["candidates"]`` are their codes."""


@dataclass(frozen=True, slots=True)
class Region:
    """``path`` leads from the province down to the region itself; ``full_name`` is written the same way."""

    code: str
    name: str
    short_name: str
    full_name: str
    level: Literal["province", "unit", "county"]
    is_county: bool
    parent: str | None
    path: tuple[str, ...]
    aliases: tuple[str, ...]
    valid_from: int


def get(code: str) -> Region:
    """The region with this six-digit code, an alias of it, or a former code whose whole area it took over."""
    region = _by_code.get(code)
    if region is not None:
        return region
    heirs = _former.get(code)
    if heirs is None:
        _unknown(code)
    if len(heirs) > 1:
        _ambiguous(code, heirs)
    return _by_code[heirs[0]]


@lru_cache(maxsize=8192)
def find(text: str) -> Region:
    """The region that a roster means by ``130102``, ``长安区``, ``石家庄市长安区`` or ``河北省石家庄市长安区``.

    Full-width digits, blanks and the separators ``/ - > ·`` make no difference; nor do the six noughts that end a
    twelve-digit code. Raises RegionUnknown or RegionAmbiguous.
    """
    key = _folded(text) if len(text) <= 100 else ""
    if key.isdigit():
        return get(key[:6] if len(key) == 12 and key.endswith("000000") else key)
    heirs = _by_name.get(key)
    if heirs is None:
        _unknown(text)
    if len(heirs) > 1:
        _ambiguous(text, heirs)
    return _by_code[heirs[0]]


def within(code: str, ancestor: str) -> bool:
    """Whether the region lies in the other one's subtree; each lies within itself."""
    return get(ancestor).code in get(code).path


def ancestors(code: str) -> tuple[Region, ...]:
    """From the province down to the parent."""
    return tuple(_by_code[above] for above in get(code).path[:-1])


def children(code: str) -> tuple[Region, ...]:
    """The next level down: 14 units, a unit's counties, and none below a county or below 定州, 辛集."""
    return _children.get(get(code).code, ())


def units() -> tuple[Region, ...]:
    """The 14 reporting units, in the plan's order."""
    return children(PROVINCE)


def counties(within: str = PROVINCE) -> tuple[Region, ...]:
    """The county-level units of the subtree: 167 in the province, one in 定州 or 辛集, namely itself."""
    root = get(within).code
    return tuple(region for region in _counties if root in region.path)


def subtree(within: str) -> tuple[str, ...]:
    """The codes of the region itself and of all that lie in it."""
    root = get(within).code
    return tuple(region.code for region in _present if root in region.path)


def _folded(text: str) -> str:
    """Without what people type between the parts."""
    return re.sub(r"[\s/\\>·—–-]+", "", identifying.name(text))


def _shown(text: str) -> str:
    # A shifted column puts people's names and numbers here, and a refusal may end in a log: repeat only what is
    # plainly a place.
    place = text.strip()
    return f"“{place}”" if re.fullmatch(r"\d{6}|\d{12}|\D{2,30}[省市县区]", place) else ""


def _unknown(text: str) -> NoReturn:
    raise RegionUnknown(
        f"行政区划{_shown(text)}不在河北省县级行政区划之列，请填写6位代码或全称（如130102或石家庄市长安区），开发区请填所在县（市、区）",
        f"not a region of Hebei{_shown(text)}: give the six-digit code or the full name (130102, 石家庄市长安区); "
        "for a development zone, the county that it lies in",
    )


def _ambiguous(text: str, heirs: tuple[str, ...]) -> NoReturn:
    named = [f"{_by_code[code].full_name}（{code}）" for code in heirs]
    raise RegionAmbiguous(
        f"行政区划{_shown(text)}不明确，可能是：{'、'.join(named)}；请填写其中之一的代码或全称",
        f"more than one region answers to this name{_shown(text)}, give one of: {', '.join(named)}",
        facts={"candidates": list(heirs)},
    )


def _load() -> tuple[dict[str, Region], dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Regions by code or alias; codes that took over a former code; codes that a folded name may mean."""
    with Path(__file__).with_name("regions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    present = [row for row in rows if not row["valid_until"]]
    parents = {row["parent"] for row in present}
    by_code: dict[str, Region] = {}
    names: dict[str, dict[str, None]] = {}

    for row in present:  # parents come before their children
        above = by_code.get(row["parent"])
        region = Region(
            code=row["code"],
            name=row["name"],
            short_name=row["short_name"],
            full_name=(above.full_name if above else "") + row["name"],
            level=row["level"],  # type: ignore[arg-type]
            is_county=row["code"] not in parents,
            parent=row["parent"] or None,
            path=(*(above.path if above else ()), row["code"]),
            aliases=tuple(filter(None, row["aliases"].split(";"))),
            valid_from=int(row["valid_from"]),
        )
        by_code[region.code] = region
        own = [region.name, *region.aliases]
        if region.level != "county":
            own.append(region.short_name)
        for name in own:
            if name.isdigit():
                by_code[name] = region
            else:
                for written in _spellings(name, region.code, region.parent, by_code):
                    names.setdefault(written, {})[region.code] = None

    former = {}
    for row in rows:
        if row["valid_until"]:
            former[row["code"]] = tuple(row["successors"].split(";"))
            if int(row["valid_until"]) >= _FORMER_NAMES_SINCE:
                for written in _spellings(row["name"], row["code"], row["parent"], by_code):
                    names.setdefault(written, {}).update(dict.fromkeys(former[row["code"]]))
    return by_code, former, {name: tuple(sorted(codes)) for name, codes in names.items()}


def _spellings(name: str, code: str, parent: str | None, by_code: dict[str, Region]) -> Iterator[str]:
    """``长安区`` with and without what may be written before it."""
    fronts = {""}
    # 雄县 reports to 雄安新区, and is still written 保定市雄县, as its code suggests.
    for above in (parent, code[:4] + "00"):
        if above in by_code and above not in (code, PROVINCE):
            unit = by_code[above]
            fronts.update((unit.name, unit.short_name, *unit.aliases))
    provinces = ("", "河北省", "河北") if code != PROVINCE else ("",)
    for province in provinces:
        for front in fronts:
            yield _folded(province + front + name)


_by_code, _former, _by_name = _load()
_present = tuple(dict.fromkeys(_by_code.values()))
_counties = tuple(region for region in _present if region.is_county)
_children = {
    above.code: tuple(region for region in _present if region.parent == above.code)
    for above in _present
    if not above.is_county
}
