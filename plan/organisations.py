"""Which organisations act under a plan, and where: the departments that its indicators name, the bodies of the province
that the plan file lists beside them, and those of a city or county, which are a region's name and one of the listed
organs (石家庄市 + 民政局). What is none of these does nothing and sees nothing.
"""

import difflib
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from stdnum.cn import uscc

from contract import personal, regions
from contract.regions import RegionAmbiguous, RegionUnknown
from contract.words import Role

# Whose organisation is no office: anything by this form that is not the name of one.
OF_ANY_NAME = frozenset({Role.TRAINING_CENTRE, Role.PARTNER, Role.APPLICANT, Role.REVIEWER})
_WHO_REPORTS = frozenset({Role.REPORTER, Role.REPORT_REVIEWER})
_ANY_NAME = re.compile(r"[\w（）()·&.-]{1,60}")
_CREDIT_CODE = re.compile(r"[0-9A-Z]{18}")


class OrganisationUnknown(Exception):
    """``zh`` and ``en`` name what is not known, or not for this role or region, and how to mend it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True)
class Organisations:
    """``departments``: as the indicators name them. ``province``: by role, who acts in it for the whole plan; under
    ``others``, who owns no indicator and is asked all the same. ``local``: likewise the organs of a region."""

    region: str
    departments: tuple[str, ...]
    province: dict[str, tuple[str, ...]] = field(hash=False)
    local: dict[str, tuple[str, ...]] = field(hash=False)

    @cached_property
    def of_province(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.departments, *_names(self.province)]))

    @cached_property
    def organs(self) -> tuple[str, ...]:
        """Of regions."""
        return _names(self.local)

    def checked(self, *, role: str, organisation: str, region: str) -> str:
        """The organisation's name as it is written throughout, when it acts in this role and region. Raises
        OrganisationUnknown."""
        if role in OF_ANY_NAME:
            return self._of_any_name(organisation)
        where, name = self._found(organisation, role)
        if where != _code(region):
            raise OrganisationUnknown(
                f"单位“{organisation}”属于{where}，与所填地区{region}不一致：请填写该单位所在地区的代码",
                f"{organisation!r} is an organisation of {where}, and not of the region {region}: give its own region",
            )
        return name

    def acts(self, *, role: str | None, organisation: str, region: str) -> bool:
        if role is None:
            return False
        try:
            self.checked(role=role, organisation=organisation, region=region)
        except OrganisationUnknown:
            return False
        return True

    def named(self, organisation: str, *, region: str, role: str = Role.REPORTER) -> str:
        """The name, as it is written throughout, of one that may be asked to act upon something of the region, in the
        role: of the province, of the region, of one above or below it. Raises OrganisationUnknown."""
        where, name = self._found(organisation, role)
        if not (regions.within(where, region) or regions.within(region, where)):
            raise OrganisationUnknown(
                f"单位“{organisation}”属于{where}，不管辖地区{region}",
                f"{organisation!r} is an organisation of {where}, which has nothing to do with {region}",
            )
        return name

    def _found(self, organisation: str, role: str) -> tuple[str, str]:
        """Region and name. Raises OrganisationUnknown."""
        if organisation in self.of_province:
            self._check_role(organisation, organisation, role, self.of_province, self.province)
            return self.region, organisation
        here, organ = self._local(organisation)
        if not here or organ not in self.organs:
            raise self._unknown(organisation, organ if here else None)
        if len(here) > 1:
            full = "、".join(_written(code) + organ for code in here)
            raise OrganisationUnknown(
                f"有几个地区叫这个名称，“{organisation}”不明确，请写全称：{full}",
                f"several regions have this name: write {organisation!r} in full, as one of {full}",
            )
        self._check_role(organisation, organ, role, self.organs, self.local)
        return here[0], _written(here[0]) + organ

    @staticmethod
    def _check_role(
        organisation: str, listed: str, role: str, all: tuple[str, ...], by_role: dict[str, tuple[str, ...]]
    ) -> None:
        own = all if role in _WHO_REPORTS else by_role.get(role, ())
        if listed not in own:
            raise OrganisationUnknown(
                f"单位“{organisation}”不承担{role}的职责；此职责属于：{'、'.join(own)}",
                f"{organisation!r} does not act as {role}: this is for {', '.join(own)}",
            )

    def _local(self, organisation: str) -> tuple[list[str], str]:
        """The regions of the plan that it may be one of, and what its name says beside theirs."""
        codes, organ = _rest(organisation)
        return [code for code in codes if self.region in regions.get(code).path], organ

    def _of_any_name(self, organisation: str) -> str:
        if not _ANY_NAME.fullmatch(organisation) or personal.has_number(organisation):
            raise OrganisationUnknown(
                "单位名称应为1至60个汉字、字母、数字，可用（）·.&-连接，不含个人信息",
                "an organisation's name is 1 to 60 letters or digits, joined by （）·.&-, without personal data",
            )
        if _CREDIT_CODE.fullmatch(organisation) and not uscc.is_valid(organisation):
            raise OrganisationUnknown(
                f"统一社会信用代码{organisation}的校验码不符，请核对",
                f"the check character of the credit code {organisation} does not fit: check it",
            )
        here, organ = self._local(organisation)
        if organisation in self.of_province or (here and organ in self.organs):
            raise OrganisationUnknown(
                f"“{organisation}”是行政机关或群团组织的名称，此类应用不能使用：请填写本单位名称",
                f"{organisation!r} is the name of an office, which a client of this role is none of: give its own",
            )
        return organisation

    def _unknown(self, organisation: str, organ: str | None) -> OrganisationUnknown:
        """``organ`` when the name begins as one of a region's does."""
        if organ is not None:
            front = organisation.removesuffix(organ)
            meant = [front + one for one in difflib.get_close_matches(organ, self.organs, cutoff=0.5)]
        else:
            meant = difflib.get_close_matches(organisation, self.of_province, cutoff=0.5)
        zh, en = (f"；是不是：{'、'.join(meant)}", f"; is it {', '.join(meant)}?") if meant else ("", "")
        name = "" if personal.has_number(organisation) else organisation
        return OrganisationUnknown(
            f"单位“{name}”不在方案的单位之列：请填写方案中的部门名称，或市、县名称加部门（如石家庄市民政局）{zh}",
            f"{name!r} is no organisation of the plan: give a department as the plan names it, or one of a city or "
            f"county that begins with its name (石家庄市民政局){en}",
        )


def read(said: dict[str, Any], *, region: str, departments: tuple[str, ...]) -> Organisations:
    """As the plan file says. Raises ValueError naming what is wrong."""
    local = said["local"]
    province = {role: names for role, names in said.items() if role != "local"}
    for listed in (province, local):
        known = {*Role} - OF_ANY_NAME - _WHO_REPORTS | {"others"}
        if strange := sorted(set(listed) - known):
            raise ValueError(f"organisations: {', '.join(strange)} is none of {', '.join(sorted(known))}")
        for role, names in listed.items():
            if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
                raise ValueError(f"organisations: {role} must be a list of names")
    return Organisations(region, departments, _fixed(province), _fixed(local))


def _fixed(listed: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {role: tuple(names) for role, names in listed.items()}


def _names(listed: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in listed.values() for name in names))


def _code(region: str) -> str:
    try:
        return regions.get(region).code
    except (RegionUnknown, RegionAmbiguous):
        return region


def _written(code: str) -> str:
    """``石家庄市长安区``."""
    return regions.get(code).full_name.removeprefix(regions.get(regions.PROVINCE).name)


def _rest(organisation: str) -> tuple[tuple[str, ...], str]:
    """The regions whose name the organisation's begins with, by the longest such name, and what follows."""
    province = regions.get(regions.PROVINCE)
    name = organisation
    for front in (province.name, province.short_name):
        name = name.removeprefix(front)
    known = _fronts()
    for length in range(len(name), 1, -1):
        if codes := known.get(name[:length]):
            return codes, name[length:]
    return (), name


@lru_cache(maxsize=1)
def _fronts() -> dict[str, tuple[str, ...]]:
    """What a local organisation's name may begin with: its county's name, with or without the city's."""
    found: dict[str, dict[str, None]] = {}
    for code in regions.subtree(regions.PROVINCE)[1:]:
        region = regions.get(code)
        digits_say = _code(code[:4] + "00")  # 雄县 reports to 雄安新区, and is still written 保定市雄县
        above = {
            regions.get(one).name for one in (region.parent, digits_say) if one in regions.subtree(regions.PROVINCE)
        }
        for front in {"", *above} - {regions.get(regions.PROVINCE).name, region.name}:
            found.setdefault(front + region.name, {})[code] = None
    return {name: tuple(codes) for name, codes in found.items()}
