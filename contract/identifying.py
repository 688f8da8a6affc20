"""One reading of the texts that identify: names of people and bodies, 工种, numbers. Two texts are equal when their
readings are.

A name is typed in many ways that nobody can tell apart on paper: with a blank or an invisible character inside, in
full-width letters, with another dot, with a compatibility ideograph. It is read before it is sealed, compared, masked
or filed, by whatever way it comes in. Reading what was read changes nothing.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

NO_WORK_TYPE = "--"

# Most names are of these alone, and read as they are.
_PLAIN = re.compile(r"[\u4e00-\u9fa5]+")
_HAN = r"\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_DOTS = re.compile("[·•・･．‧∙⋅․᛫·●⸱]")
_DOT_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}])\.(?=[{_HAN}])")
_BLANKS = re.compile(r"[\s\u115f\u1160\u2800\u3164\uffa0]+")
# A blank says something only between two words of letters: JOHN SMITH.
_SURPLUS_BLANK = re.compile(rf"(?<=[{_HAN}()·]) | (?=[{_HAN}()·])")
# Variation selectors and what else has no width and is no format character (category Cf).
_NO_WIDTH = re.compile("[\u034f\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Where any of what ``visible`` leaves out can be: all else is read as it is, without looking at each character.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890-\u08e2\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000110bd-\U0010ffff]"
)
_DASHES_ONLY = re.compile(r"[-‐‑‒–—―⸺⸻−─━ーｰ_~/\\.·]*|无|無")
_GUARDED = re.compile(r'="?([^"]*)"?')
_LETTERS = ("Lu", "Ll", "Lt", "Lm", "Lo", "Co", "Cn")
_APOSTROPHES = "'‘’‛`´＇"

# What GBK had no code point for stands at private ones in texts of older programs: 0xFE50-0xFEA0 from U+E815 on, with
# gaps, by GB 18030-2022.
_HAN_OF_GBK = (
    "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱"
    "䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻"
)
_TODAYS = {0xE815 + place: character for place, character in enumerate(_HAN_OF_GBK)} | {0xE7C7: "ḿ", 0xE7C8: "ǹ"}


def name(text: str) -> str:
    """Of a person or a body, in the one form in which it is recorded."""
    if _PLAIN.fullmatch(text):
        return text
    while (read := _once(text)) != text:  # what was taken out may leave neighbours that now belong together
        text = read
    return read


@lru_cache(maxsize=4096)
def body(text: str) -> str:
    """The name of a body, which is no personal data: the few that there are come often."""
    return name(text)


@lru_cache(maxsize=4096)
def work_type(text: str) -> str:
    """A 工种; ``--`` for none, however that was written."""
    read = name(text)
    return NO_WORK_TYPE if _DASHES_ONLY.fullmatch(read) else read


def number(text: str) -> str:
    """Of a document, a certificate or a body: ASCII digits and capitals where they were meant, without blanks, what
    cannot be seen, and the marks by which a csv keeps a spreadsheet from calculating with it (``'`` and ``="…"``)."""
    if text.isascii() and text.isalnum():
        return text.upper()
    while (read := _number_once(text)) != text:
        text = read
    return read


def stranger(number: str) -> tuple[str, str] | None:
    """The first character of a number that is neither digit nor Latin letter: where and what it is, in Chinese and
    English. A letter is not quoted: it may be a name's."""
    for place, character in enumerate(number, start=1):
        if character.isascii() and character.isalnum():
            continue
        kind = unicodedata.category(character)
        if kind[0] in "CZM":
            code = f"U+{ord(character):04X}"
            return f"第{place - 1}位后有不可见字符（{code}）", f"has an invisible character ({code}) after {place - 1}"
        if kind[0] in "PS":
            return f"第{place}位是“{character}”", f"has {character!r} at position {place}"
        return f"第{place}位不是数字或英文字母", f"has neither a digit nor a Latin letter at position {place}"
    return None


def masked(text: str) -> str:
    """A name with its second character hidden, or all of a name that has only one. A character is what is seen as one:
    marks above it go with it, blanks and punctuation are none."""
    seen = list(_clusters(name(text)))
    letters = [place for place, cluster in enumerate(seen) if _is_seen(cluster[0])]
    if len(letters) < 2:
        return "*"
    seen[letters[1]] = "*"
    return "".join(seen)


def has_letters(text: str) -> bool:
    """Whether anything is written there, also in letters of a newer Unicode or without a code point of their own."""
    return any(unicodedata.category(character) in _LETTERS for character in text)


def _is_seen(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind[0] not in "PZM" and kind not in ("Cc", "Cf", "Cs")


def _once(text: str) -> str:
    text = unicodedata.normalize("NFKC", _DOTS.sub("·", visible(text.translate(_TODAYS))))
    text = _BLANKS.sub(" ", _DOTS.sub("·", text)).strip()
    return _DOT_BETWEEN_HAN.sub("·", _SURPLUS_BLANK.sub("", text))


def _number_once(text: str) -> str:
    text = _BLANKS.sub("", unicodedata.normalize("NFKC", visible(text))).upper().strip(_APOSTROPHES)
    guarded = _GUARDED.fullmatch(text)
    return guarded[1] if guarded else text


def visible(text: str) -> str:
    """Without format and control characters and variation selectors; a line break or a tab is a blank."""
    if not _UNSEEN.search(text):
        return text
    kept = (
        character if unicodedata.category(character) not in ("Cf", "Cc") else " " if character.isspace() else ""
        for character in _NO_WIDTH.sub("", text)
    )
    return "".join(kept)


def _clusters(text: str) -> Iterator[str]:
    cluster = ""
    for character in text:
        if cluster and unicodedata.category(character)[0] != "M":
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster
