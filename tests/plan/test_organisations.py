"""Which indicators an organisation has to do with, by its role, its kind and its region: derived from the plan file."""

from pathlib import Path

import pytest

import plan
from contract import regions
from contract.words import Role
from plan import Plan
from plan.organisations import OF_ANY_NAME, OrganisationUnknown

HEBEI = plan.read(Path("plan/hebei-2023.toml"))
OTHER = plan.read(Path("tests/plan/other.toml"))
PLANS = {"hebei": HEBEI, "other": OTHER}
WHO_REPORTS = (Role.REPORTER, Role.REPORT_REVIEWER)
OVER_ALL = (Role.DISPATCHER, Role.INSPECTOR)
OF_A_LINE = (Role.CIVIL_AFFAIRS, Role.FEDERATION)
PROVINCE, CITY, COUNTY = "130000", "130100", "130102"


def concerning(role: Role, organisation: str, region: str, of: Plan = HEBEI) -> frozenset[str]:
    return of.concerning(role=role, organisation=organisation, region=region)


def owned(by: str, of: Plan = HEBEI) -> frozenset[str]:
    return frozenset(one.id for one in of.indicators.values() if by in one.departments)


def why_not(role: Role, organisation: str, region: str, of: Plan = HEBEI) -> OrganisationUnknown:
    with pytest.raises(OrganisationUnknown) as refused:
        of.organisations.checked(role=role, organisation=organisation, region=region)
    return refused.value


@pytest.mark.parametrize("of", PLANS.values(), ids=PLANS)
def test_a_department_has_its_own_indicators_and_whoever_leads_or_inspects_has_all(of: Plan) -> None:
    for department in of.organisations.departments:
        for role in WHO_REPORTS:
            assert concerning(role, department, of.region, of) == owned(department, of) != frozenset()
    for role in OVER_ALL:
        for organisation in of.organisations.province[role]:
            assert concerning(role, organisation, of.region, of) == frozenset(of.indicators)
    for organisation in of.organisations.province["others"]:
        assert of.organisations.acts(role=Role.REPORTER, organisation=organisation, region=of.region)
        assert concerning(Role.REPORTER, organisation, of.region, of) == frozenset()


@pytest.mark.parametrize("role", [*WHO_REPORTS, *OVER_ALL])
def test_an_office_of_a_city_or_county_has_all_indicators_in_its_own_region_and_none_in_another(role: Role) -> None:
    organs = HEBEI.organisations.organs if role in WHO_REPORTS else HEBEI.organisations.local[role]
    for region in (*regions.units(), regions.get(COUNTY), regions.get("130638")):
        for organ in organs:
            name = region.full_name.removeprefix("河北省") + organ
            assert concerning(role, name, region.code) == frozenset(HEBEI.indicators), name
            for elsewhere in {PROVINCE, CITY, "130200", COUNTY} - {region.code}:
                assert concerning(role, name, elsewhere) == frozenset(), (name, elsewhere)


@pytest.mark.parametrize("role", OF_A_LINE)
def test_civil_affairs_and_the_federation_have_at_every_level_what_is_the_provinces(role: Role) -> None:
    (leading,) = HEBEI.organisations.province[role]
    for organisation, region in (
        (leading, PROVINCE),
        *((f"石家庄市{organ}", CITY) for organ in HEBEI.organisations.local[role]),
    ):
        assert concerning(role, organisation, region) == owned(leading)
    assert concerning(role, "石家庄市财政局", CITY) == frozenset()
    assert "财政局" not in why_not(role, "石家庄市财政局", CITY).zh.partition("；")[2]


@pytest.mark.parametrize("role", sorted(OF_ANY_NAME))
def test_who_is_no_office_may_have_any_name_but_an_offices_and_no_indicator(role: Role) -> None:
    for name in ("燕馨家政服务有限公司", "centre-130100", "base-1", "91130100MA07XXXX5K"[:4] + "公司（石家庄）"):
        assert HEBEI.organisations.acts(role=role, organisation=name, region=PROVINCE)
        assert concerning(role, name, PROVINCE) == frozenset()
    for name in ("省民政厅", "石家庄市妇联", "", "甲" * 61, "联系人13800000000", "a\nb", "91130100MA0000000A"):
        why_not(role, name, PROVINCE)


@pytest.mark.parametrize(
    ("organisation", "region", "meant"),
    [
        ("省住建厅", PROVINCE, "省住房城乡建设厅"),
        ("省卫健委", PROVINCE, "省卫生健康委"),
        ("河北省民政厅", PROVINCE, "省民政厅"),
        ("石家庄市住房建设局", CITY, "石家庄市住房和城乡建设局"),
        ("石家庄市", CITY, ""),
        ("石家庄市某某区财政局", CITY, "石家庄市财政局"),
        ("省级填报", PROVINCE, ""),
        ("reporter-130100", CITY, ""),
        ("", CITY, ""),
    ],
)
def test_what_is_in_no_list_has_nothing_and_is_told_what_may_be_meant(
    organisation: str, region: str, meant: str
) -> None:
    for role in {*Role} - OF_ANY_NAME:
        assert concerning(role, organisation, region) == frozenset()
    refused = why_not(Role.REPORTER, organisation, region)
    assert meant in refused.zh
    assert meant in refused.en
    assert f"“{organisation}”" in refused.zh


def test_a_region_and_an_organisation_that_do_not_agree_are_refused_by_name() -> None:
    for organisation, region, own in (
        ("石家庄市教育局", PROVINCE, CITY),
        ("石家庄市教育局", "130200", CITY),
        ("石家庄市长安区教育局", CITY, COUNTY),
        ("省教育厅", CITY, PROVINCE),
    ):
        refused = why_not(Role.REPORTER, organisation, region)
        assert own in refused.zh
        assert region in refused.zh
    assert "石家庄市桥西区财政局、张家口市桥西区财政局" in why_not(Role.REPORTER, "桥西区财政局", "130104").zh


def test_one_office_has_one_name_however_it_is_given() -> None:
    for given, region, name in (
        ("长安区财政局", COUNTY, "石家庄市长安区财政局"),
        ("河北省石家庄市长安区财政局", COUNTY, "石家庄市长安区财政局"),
        ("河北雄安新区管理委员会", "133100", "雄安新区管理委员会"),
        ("保定市雄县人民政府", "130638", "雄安新区雄县人民政府"),
        ("省教育厅", PROVINCE, "省教育厅"),
    ):
        assert HEBEI.organisations.checked(role=Role.REPORTER, organisation=given, region=region) == name


def test_only_who_dispatches_in_the_list_dispatches() -> None:
    assert "省发展改革委" in why_not(Role.DISPATCHER, "省教育厅", PROVINCE).zh
    assert concerning(Role.REPORTER, "省发展改革委", PROVINCE) == owned("省发展改革委")
    assert concerning(Role.DISPATCHER, "省试验委", "140000", OTHER) == frozenset(OTHER.indicators)
    assert concerning(Role.DISPATCHER, "省发展改革委", "140000", OTHER) == frozenset()


def test_a_plan_of_another_province_knows_no_office_of_this_one() -> None:
    assert concerning(Role.REPORTER, "石家庄市人民政府", CITY, OTHER) == frozenset()


def test_who_is_asked_to_act_on_something_has_to_do_with_its_region() -> None:
    named = HEBEI.organisations.named
    for organisation in ("省财政厅", "石家庄市财政局", "石家庄市长安区财政局"):
        assert named(organisation, region=COUNTY) == organisation
    assert named("石家庄市长安区财政局", region=CITY) == "石家庄市长安区财政局"
    for organisation in ("唐山市财政局", "省财政局", "张三"):
        with pytest.raises(OrganisationUnknown):
            named(organisation, region=COUNTY)


@pytest.mark.parametrize(
    ("found", "instead", "reason"),
    [
        ("[plan.organisations.local]\n", "[plan.offices]\n", "local"),
        ('federation = ["省妇联"]', 'federation = "省妇联"', "federation must be a list"),
        ('inspector = ["省政府督查室"', 'partner = ["省政府督查室"', "partner is none of"),
    ],
)
def test_a_plan_whose_organisations_cannot_be_read_stops_the_start(
    tmp_path: Path, found: str, instead: str, reason: str
) -> None:
    said = Path("plan/hebei-2023.toml").read_text(encoding="utf-8")
    assert found in said
    broken = tmp_path / "broken.toml"
    broken.write_text(said.replace(found, instead, 1), encoding="utf-8")
    with pytest.raises(plan.PlanUnreadable, match=reason):
        plan.read(broken)
