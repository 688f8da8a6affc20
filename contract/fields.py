"""Marshmallow fields shared by all contracts.

A message is ``code|中文|English``: marshmallow hands on only a text, and a refusal needs all three.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from marshmallow import ValidationError, fields, validate

from contract import identifying, personal
from contract.shortcut import Take, Unsure

_REQUIRED: dict[str, Any] = {
    "required": "missing|必填|required",
    "null": "null|不能为空|must not be null",
}


def _length(at_most: int, at_least: int) -> validate.Length:
    return validate.Length(
        min=at_least,
        max=at_most,
        error=f"length|长度应为{at_least}至{at_most}个字符|must have {at_least}-{at_most} characters",
    )


class Text(fields.String):
    """A string, stripped of surrounding blanks, of ``at_least`` to ``at_most`` characters. ``reading``: the one form in
    which it is recorded."""

    reading: Callable[[str], str] = staticmethod(str.strip)

    default_error_messages = _REQUIRED | {
        "invalid": "type|应为文本|must be a string",
        "invalid_utf8": "type|应为UTF-8文本|must be UTF-8 text",
    }

    def __init__(self, *, at_most: int = 200, at_least: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [*self.validators, _length(at_most, at_least)]
        self._lengths = range(at_least, at_most + 1)

    def shortcut(self) -> Take:
        lengths, reading = self._lengths, self.reading

        def take(value: Any) -> str:
            if type(value) is str and len(value) in lengths and value == reading(value) and "\x00" not in value:
                return value
            raise Unsure

        return take

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if "\x00" in text:
            raise ValidationError("character|含有不可用的字符|contains a NUL character")
        return self.reading(text)


class Account(Text):
    """By which account something was done: null where nobody did it, and to whom accounts are not shown
    (contract.sight)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)


class PlainText(Text):
    """What people write for others to read: a text without ID and mobile numbers."""

    def shortcut(self) -> Take:
        text = super().shortcut()

        def take(value: Any) -> str:
            if personal.has_number(text(value)):
                raise Unsure
            return value

        return take

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if personal.has_number(text):
            raise ValidationError(
                "personal_data|不应填写身份证号码或手机号码，请删去后重新提交"
                "|must not contain an ID number or a mobile number; take it out and send it again"
            )
        return text


class Name(PlainText):
    """What a person or a body is called, as contract.identifying reads it."""

    reading = staticmethod(identifying.name)


class Identifier(Text):
    """A number or a code by which something is known, as contract.identifying reads it."""

    reading = staticmethod(identifying.number)


class Pattern(Text):
    """A string of one shape; ``means`` is (code, 中文, English) for what does not match."""

    pattern = re.compile("")
    means = ("invalid", "格式有误", "is malformed")

    def shortcut(self) -> Take:
        text, matches = super().shortcut(), self.pattern.fullmatch

        def take(value: Any) -> str:
            if matches(text(value)):
                return value
            raise Unsure

        return take

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self.pattern.fullmatch(text):
            raise ValidationError("|".join(self.means))
        return text


class Id(Pattern):
    """24 hexadecimal digits, ordered by time of making."""

    pattern = re.compile(r"[0-9a-f]{24}")
    means = ("id", "应为24位十六进制标识", "must be a 24-digit hexadecimal id")


class RegionCode(Pattern):
    """A six-digit code of GB/T 2260; whether it is one of ours is for contract.regions to say."""

    pattern = re.compile(r"\d{6}")
    means = ("region", "行政区划代码应为6位数字", "must be a six-digit region code")


class PersonKey(Pattern):
    """The keyed hash that stands for a person: 32 hexadecimal digits, useless without the key."""

    pattern = re.compile(r"[0-9a-f]{32}")
    means = ("person_key", "应为32位十六进制人员标识", "must be a 32-digit hexadecimal person key")


class ContactPhone(Pattern):
    """A mobile number, or one of a landline with its area code; whether anybody answers is for a person to find."""

    reading = staticmethod(identifying.number)
    pattern = re.compile(
        r"(?:(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}[ -]?[2-8]\d{6,7}(?:-\d{1,6})?)", re.ASCII
    )
    means = (
        "phone",
        "应为手机号码，或带区号的固定电话号码",
        "must be a mobile number, or a landline with its area code",
    )


class PersonName(Pattern):
    """A person's, in Chinese characters or in Latin letters."""

    reading = staticmethod(identifying.name)
    pattern = re.compile(
        r"(?:[\u3007\u3400-\u9fff\U00020000-\U0003ffff][·\u3007\u3400-\u9fff\U00020000-\U0003ffff]{1,29}"
        r"|[A-Za-z][A-Za-z .'-]{1,49})"
    )
    means = ("name", "应为姓名（汉字或拉丁字母）", "must be a name, in Chinese characters or Latin letters")


class Receipt(Pattern):
    """The secret by which somebody without a token is known again: 32 hexadecimal digits."""

    pattern = re.compile(r"[0-9a-f]{32}")
    means = ("receipt", "应为32位十六进制回执", "must be a 32-digit hexadecimal receipt")


class Choice(Text):
    """One of an enum's values, as a plain string."""

    def __init__(self, enum: type, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._values = values = [str(member.value) for member in enum]  # type: ignore[attr-defined]
        listed = "、".join(values)
        self.validators = [
            *self.validators,
            validate.OneOf(values, error=f"choice|应为下列之一：{listed}|must be one of: {', '.join(values)}"),
        ]

    def shortcut(self) -> Take:
        lengths = self._lengths
        plain = frozenset(value for value in self._values if len(value) in lengths and value == value.strip())

        def take(value: Any) -> str:
            if type(value) is str and value in plain:
                return value
            raise Unsure

        return take


class Whole(fields.Integer):
    default_error_messages = _REQUIRED | {
        "invalid": "type|应为整数|must be an integer",
        "too_large": "range|数值过大|is too large",
    }

    def __init__(self, *, at_least: int = 0, at_most: int = 2**53, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)
        self.validators = [
            *self.validators,
            validate.Range(
                at_least, at_most, error=f"range|应在{at_least}与{at_most}之间|must be {at_least} to {at_most}"
            ),
        ]
        self._at_least, self._at_most = at_least, at_most

    def shortcut(self) -> Take:
        at_least, at_most = self._at_least, self._at_most

        def take(value: Any) -> int:
            if type(value) is int and at_least <= value <= at_most:
                return value
            raise Unsure

        return take

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool | str):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class Yes(fields.Boolean):
    default_error_messages = _REQUIRED | {"invalid": "type|应为 true 或 false|must be true or false"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Number(fields.Decimal):
    """A Decimal below 10**15 either way with at most 12 decimals, sent as a string so that no reader turns it into a
    float. The bounds are looked at before anybody calculates: ``1E+100000000`` is short to write and long to add."""

    _LONGEST, _DIGITS, _DECIMALS = 40, 15, 12

    default_error_messages = _REQUIRED | {
        "invalid": "type|应为数字|must be a number",
        "special": "type|应为有限数|must be finite",
        "too_large": f"range|应在正负10的{_DIGITS}次方之内，小数不超过{_DECIMALS}位"
        f"|must lie within 10**{_DIGITS} either way and have at most {_DECIMALS} decimals",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(as_string=True, allow_nan=False, **kwargs)

    def _validated(self, value: Any) -> Decimal:
        if isinstance(value, str) and len(value) > self._LONGEST:
            raise self.make_error("too_large", input=value)
        if isinstance(value, int) and not -(10**self._DIGITS) < value < 10**self._DIGITS:
            raise self.make_error("too_large", input=value)
        number = super()._validated(value)
        exponent = number.as_tuple().exponent
        if (number and number.adjusted() >= self._DIGITS) or not -self._DECIMALS <= int(exponent) <= self._DIGITS:
            raise self.make_error("too_large", input=value)
        return number

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format(Decimal(value), "f")


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

# From the oldest registration that a living person may hold to well past any plan. Inside, a day or a year more or less
# and any change of time zone stay within what Python, MongoDB and a workbook can write.
FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2100, 12, 31)
_OUTSIDE = (
    f"range|应在{FIRST_DAY.year}年至{LAST_DAY.year}年之间|must lie in the years {FIRST_DAY.year} to {LAST_DAY.year}"
)


@lru_cache(maxsize=4096)
def _day(text: str) -> dt.date:
    """Raises ValueError. There are few days, and each comes often."""
    if not _DAY.fullmatch(text) or not FIRST_DAY <= (day := dt.date.fromisoformat(text)) <= LAST_DAY:
        raise ValueError
    return day


class Day(fields.Date):
    """A calendar day in Asia/Shanghai, ``YYYY-MM-DD``."""

    default_error_messages = _REQUIRED | {
        "invalid": "date|应为 YYYY-MM-DD 格式的日期|must be a date, YYYY-MM-DD",
        "format": "date|日期格式有误|is not a date",
        "outside": _OUTSIDE,
    }

    def shortcut(self) -> Take:
        def take(value: Any) -> dt.date:
            if type(value) is str:
                try:
                    return _day(value)
                except ValueError:
                    raise Unsure from None
            raise Unsure

        return take

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dt.date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise self.make_error("invalid", input=value, obj_type="date")
        day = super()._deserialize(value, attr, data, **kwargs)
        if not FIRST_DAY <= day <= LAST_DAY:
            raise self.make_error("outside")
        return day


class Instant(fields.AwareDateTime):
    """A moment, RFC 3339 in UTC: ``2023-05-01T08:00:00.000Z``. Milliseconds, which is what MongoDB keeps."""

    default_error_messages = _REQUIRED | {
        "invalid": "instant|应为 RFC 3339 格式的时刻|must be an RFC 3339 instant",
        "invalid_awareness": "instant|时刻须带时区|must carry an offset",
        "format": "instant|时刻格式有误|is not an instant",
        "outside": _OUTSIDE,
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def shortcut(self) -> Take:
        def take(value: Any) -> dt.datetime:
            if type(value) is str and value.endswith("Z"):
                try:
                    instant = dt.datetime.fromisoformat(value)
                except ValueError:
                    raise Unsure from None
                if FIRST_DAY.year <= instant.year <= LAST_DAY.year:
                    return instant
            raise Unsure

        return take

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dt.datetime:
        instant = super()._deserialize(value, attr, data, **kwargs)
        if not FIRST_DAY.year <= instant.year <= LAST_DAY.year:  # before it is moved to UTC: year 1 cannot be
            raise self.make_error("outside")
        return instant.astimezone(dt.UTC)


class Nested(fields.Nested):
    default_error_messages = _REQUIRED | {"type": "type|应为对象|must be an object"}


class Many(fields.List):
    default_error_messages = _REQUIRED | {"invalid": "type|应为列表|must be a list"}


class Facts(fields.Dict):
    default_error_messages = _REQUIRED | {"invalid": "type|应为对象|must be an object"}

    def shortcut(self) -> Take:
        def take(value: Any) -> dict[str, Any]:
            if type(value) is dict:
                return value
            raise Unsure

        return take
