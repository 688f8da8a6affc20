"""Whose places an application takes."""

from contract import regions
from contract.housekeeping import StarsNotAllowed
from contract.regions import Region


def unit(text: str) -> Region:
    """One of the 14 to which places are given. Raises RegionUnknown, StarsNotAllowed."""
    found = regions.get(text)
    if found.code not in {each.code for each in regions.units()}:
        raise StarsNotAllowed("名额按设区市（含定州、辛集、雄安新区）下达", "places are given to the 14 units")
    return found


def unit_of(region: str) -> str:
    """The code of the unit whose places an application of this region takes."""
    path = regions.get(region).path
    return path[min(1, len(path) - 1)]
