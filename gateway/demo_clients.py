"""Who the demo clients are: of every role, in the province and where the samples and the README need one."""

from contract import regions
from contract.regions import Region
from contract.words import Role


def wanted() -> list[tuple[str, Role, str, str]]:
    """Id, role, region, organisation."""
    province, everywhere = regions.PROVINCE, regions.units()
    return [
        *((f"centre-{unit.code}", Role.TRAINING_CENTRE, unit.code, f"centre-{unit.code}") for unit in everywhere),
        ("civil-affairs-130000", Role.CIVIL_AFFAIRS, province, "省民政厅"),
        ("civil-affairs-130100", Role.CIVIL_AFFAIRS, "130100", "石家庄市民政局"),
        ("dispatcher", Role.DISPATCHER, province, "省发展改革委"),
        ("dispatcher-2", Role.DISPATCHER, province, "省发展改革委"),  # who drafted a bulletin does not review it
        ("dispatcher-3", Role.DISPATCHER, province, "省发展改革委"),  # and neither of the two signs it
        ("inspector", Role.INSPECTOR, province, "省政府督查室"),
        ("inspector-2", Role.INSPECTOR, province, "省政府督查室"),  # who reported a mending does not re-check it
        ("partner", Role.PARTNER, province, "partner"),
        ("fulian-130000", Role.FEDERATION, province, "省妇联"),
        ("fulian-130000-2", Role.FEDERATION, province, "省妇联"),  # an appeal is for another clerk to decide
        ("fulian-130100", Role.FEDERATION, "130100", "石家庄市妇联"),
        ("fulian-130102", Role.FEDERATION, "130102", "石家庄市长安区妇联"),
        ("base-1", Role.APPLICANT, province, "base-1"),
        ("reviewer-1", Role.REVIEWER, province, "reviewer-1"),
        ("reporter-130102", Role.REPORTER, "130102", "石家庄市长安区人民政府"),
        *((f"reporter-{unit.code}", Role.REPORTER, unit.code, _office(unit, "办公室")) for unit in everywhere),
        *((f"report-reviewer-{unit.code}", Role.REPORT_REVIEWER, unit.code, _office(unit, "")) for unit in everywhere),
        ("reporter-130000", Role.REPORTER, province, "省政务服务管理办公室"),
        ("report-reviewer-130000", Role.REPORT_REVIEWER, province, "省政务服务管理办公室"),
        ("housing-reporter", Role.REPORTER, province, "省住房城乡建设厅"),
        ("housing-reviewer", Role.REPORT_REVIEWER, province, "省住房城乡建设厅"),
    ]


def _office(unit: Region, of: str) -> str:
    return f"{unit.name}{'管委会' if unit.name.endswith('新区') else '人民政府'}{of}"
