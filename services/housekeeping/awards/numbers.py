"""Award numbers: JD (基地) or FS (福嫂), CJ and CF for a city's own; year; region; serial; one check character.

Kind, year and region stand beside every number that is published, so a mask can only hide the serial and what follows
from it. Serials are drawn, not counted: of a masked number 100,000 are possible.

The check character (ISO 7064 MOD 37,36) tells a slip of the pen from a number that was never given.
"""

import re

from stdnum.iso7064 import mod_37_36

from contract import identifying
from contract.housekeeping import RecognisedBy, SubjectKind

_PREFIX = {
    (SubjectKind.BASE, RecognisedBy.PROVINCE): "JD",
    (SubjectKind.FUSAO, RecognisedBy.PROVINCE): "FS",
    (SubjectKind.BASE, RecognisedBy.CITY): "CJ",
    (SubjectKind.FUSAO, RecognisedBy.CITY): "CF",
}
SERIALS = 100_000
_SHAPE = re.compile(r"(JD|FS|CJ|CF)[0-9]{4}[0-9]{6}[0-9]{5}[0-9A-Z]")


def series(kind: SubjectKind, by: RecognisedBy, year: int, region: str) -> str:
    """Within which no serial is given twice."""
    return f"{_PREFIX[kind, by]}{year}{region}"


def number(series_name: str, serial: int) -> str:
    body = f"{series_name}{serial:05d}"
    return body + str(mod_37_36.calc_check_digit(body))


def read(text: str) -> str | None:
    """The number as it is kept; None when it cannot be one, as written."""
    plain = identifying.number(text).replace("-", "")
    if not _SHAPE.fullmatch(plain) or not mod_37_36.is_valid(plain):
        return None
    return plain


def masked(award_number: str) -> str:
    return award_number[:12] + "*" * 6
