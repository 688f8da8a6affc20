"""What of a person must not stand in a text that others read."""

import re
import unicodedata

from contract import identifying

# A resident's ID number (its digits 7-14 are a birthday) and a mobile number, also where people put blanks or dashes.
_GAP = r"[ -]?"
_RESIDENT_ID = (
    rf"[1-9]\d{{5}}{_GAP}(?:18|19|20)\d{{2}}{_GAP}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]){_GAP}\d{{3}}[\dXx]"
)
_MOBILE = rf"(?:\+?86{_GAP})?1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}"
_PERSONAL_NUMBER = re.compile(rf"(?<![0-9A-Za-z.])(?:{_RESIDENT_ID}|{_MOBILE})(?![0-9A-Za-z])")


def has_number(text: str) -> bool:
    """Whether an ID number of a resident or a mobile number stands in the text, also in full-width digits or with what
    nobody sees between them. Certificate numbers and 统一社会信用代码 are none."""
    return _PERSONAL_NUMBER.search(unicodedata.normalize("NFKC", identifying.visible(text))) is not None
