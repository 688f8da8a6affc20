"""Who acts in which role and region, by the plan's list: for tests that are about something else."""

from pathlib import Path

import plan
from contract import regions
from contract.words import Role

_OF_PROVINCE: dict[str, str] = {
    Role.DISPATCHER: "省发展改革委",
    Role.INSPECTOR: "省政府督查室",
    Role.CIVIL_AFFAIRS: "省民政厅",
    Role.FEDERATION: "省妇联",
    Role.REPORTER: "省住房城乡建设厅",
    Role.REPORT_REVIEWER: "省住房城乡建设厅",
}
_ORGANS: dict[str, str] = {
    Role.DISPATCHER: "发展改革委",
    Role.INSPECTOR: "政府督查室",
    Role.CIVIL_AFFAIRS: "民政局",
    Role.FEDERATION: "妇联",
    Role.REPORTER: "人民政府办公室",
    Role.REPORT_REVIEWER: "人民政府",
}


def organisation_of(role: str, region: str) -> str:
    """One of the region that may act in the role; of a role that anybody may have, a made-up one."""
    if role not in _ORGANS:
        return f"{role}-{region}"
    if region == regions.PROVINCE:
        return _OF_PROVINCE[role]
    return regions.get(region).full_name.removeprefix("河北省") + _ORGANS[role]


def owner_of(target_id: str) -> str:
    """The department that owns the indicator; of what is none, any."""
    known = plan.read(Path("plan/hebei-2023.toml")).indicators
    return known[target_id if target_id in known else "2.1"].owner
