"""Centres, filings and who keeps them, with only what a test is about spelled out. All organisations are invented."""

from typing import Any

from stdnum.cn import uscc

PROVINCE: dict[str, Any] = {
    "client_id": "civil-affairs-130000",
    "role": "civil_affairs",
    "region": "130000",
    "organisation": "省民政厅",
    "scopes": ["centres:read", "centres:write"],
}
CITY = PROVINCE | {"client_id": "civil-affairs-130100", "region": "130100"}
CENTRE = PROVINCE | {"client_id": "centre-130100", "role": "training_centre", "region": "130100"}
READER = PROVINCE | {"scopes": ["centres:read"]}
OUTSIDER = PROVINCE | {"scopes": ["certificates:read"]}


def a_code(number: int = 1) -> str:
    """A 统一社会信用代码 whose check character holds."""
    body = f"91130100{number:08d}X"
    return body + uscc.calc_check_digit(body)


def a_centre(number: int = 1, **changes: Any) -> dict[str, Any]:
    command = {"credit_code": a_code(number), "name": f"石家庄示例培训学校{number}", "region": "130102"}
    return _without_none(command | changes)


def a_filing(number: int = 1, **changes: Any) -> dict[str, Any]:
    """The command; by default of the body whose name and prefix tests.builders.a_certificate bears."""
    command = {
        "credit_code": a_code(number),
        "name": "河北示例职业技能评价中心",
        "kind": "Y",
        "number_prefix": "Y999913000000",
        "valid_from": "2022-01-01",
    }
    return _without_none(command | changes)


def _without_none(command: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in command.items() if value is not None}
