"""Regions as records name them, which may be none: an audit names a wrong one and goes on."""

from contract import regions
from contract.errors import Refused


def code(region: str) -> str:
    try:
        return regions.get(region).code
    except Refused:
        return region


def path(region: str) -> tuple[str, ...]:
    """From the province down to the region itself."""
    try:
        return regions.get(region).path
    except Refused:
        return (region,)


def name(region: str) -> str:
    try:
        return f"{regions.get(region).full_name}（{region}）"
    except Refused:
        return f"无此地区（{region}）"
