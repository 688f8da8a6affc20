"""What the public may see of a breakdown: no cell so small that it points at somebody, nor one that can be worked out
from the whole and the cells beside it (domain.md §7)."""

from collections.abc import Mapping
from decimal import Decimal


def hidden(values: Mapping[str, Decimal], *, least: int) -> frozenset[str]:
    """Which of the parts of a known whole to leave out. A part of 1 to ``least - 1`` is; and with it the smallest of
    the others, until at least two are that together hold at least ``least``: their sum is known, and must not tell
    them."""
    small = {code for code, value in values.items() if 0 < value < least}
    rest = sorted((value, code) for code, value in values.items() if code not in small and value > 0)
    while small and rest and (len(small) < 2 or sum(values[code] for code in small) < least):
        small.add(rest.pop(0)[1])
    if small and not rest and (len(small) < 2 or sum(values[code] for code in small) < least):
        return frozenset(values)  # nothing left to hide behind: which parts are empty would tell the others
    return frozenset(small)
