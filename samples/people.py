"""People who do not exist, with numbers that pass every check.

The address code of a resident's number is that of a province, a city or an abolished prefecture (130000, 130100 …
132100 …), where GB 11643 wants a county's: no sample can be a living person's number. Permit numbers use the sequence
000, and phone numbers the prefix 154, for the same reason.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

RESIDENT_ID = "居民身份证"
RESIDENCE_PERMIT = "港澳台居民居住证"
PASSPORT = "护照"
CAREGIVER = "养老护理员"

# The last of them was abolished in 1996; an old code in a number is no reason to refuse it.
_ADDRESSES = (
    *("130000", "130100", "130200", "130300", "130400", "130500", "130600", "130700", "130800", "130900"),
    *("131000", "131100", "132100", "132200", "132300", "132400", "132500"),
)
_FIRST_BIRTHDAY = dt.date(1963, 1, 1)
_BIRTHDAYS = 10_227  # to 1990-12-31, before the prefectures were abolished
_SEQUENCES = 499  # of each sex: odd for men, even for women
_NUMBERS = _BIRTHDAYS * _SEQUENCES * len(_ADDRESSES)
_STRIDE = 15_485_863  # a prime that shares no factor with _NUMBERS: each seed gets a number of its own

_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"
    "陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
)
_FIRST = "春夏秋冬文雅静淑秀玉桂兰红丽晓雪思若清素佩巧慧美彩银金宝永建志海长立"
_SECOND = "梅兰竹菊芳芬英华敏霞娟萍琴玲燕娥莲珍凤云香荣琳洁颖霖宁平安山林生明强"

# A name with a blank in GB 2312, a four-byte character of GB 18030, an interpunct, a compound surname.
RARE_NAMES = ("李𫖯", "王㛃", "阿依努尔·买买提", "欧阳一苇", "司马云舒", "张喆", "刘𬭸")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    document_type: str
    document_number: str
    born_on: dt.date


def check_digit(first17: str) -> str:
    """ISO 7064 MOD 11-2 of a number's first 17 digits, as GB 11643 has it."""
    weighed = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(first17))
    return "10X98765432"[weighed % 11]


def id_number(*, address: str, born_on: dt.date, sequence: int) -> str:
    first17 = f"{address}{born_on:%Y%m%d}{sequence:03d}"
    return first17 + check_digit(first17)


def resident(seed: int) -> Person:
    """The person with this seed, 0 to 86 million: no two share a number, and no 10,000 in a row share a birthday.

    Nine of ten are women.
    """
    if not 0 <= seed < _NUMBERS:
        raise ValueError(f"seed must be 0 to {_NUMBERS - 1}")
    slot = seed * _STRIDE % _NUMBERS
    rest, day = divmod(slot, _BIRTHDAYS)
    address, place = divmod(rest, _SEQUENCES)
    born_on = _FIRST_BIRTHDAY + dt.timedelta(days=day)
    sequence = 2 * (place + 1) - (seed % 10 == 9)
    number = id_number(address=_ADDRESSES[address], born_on=born_on, sequence=sequence)
    return Person(_name(seed), RESIDENT_ID, number, born_on)


def permit_holder(seed: int) -> Person:
    """Somebody from Hong Kong, Macao or Taiwan with a residence permit (81, 82, 83)."""
    born_on = _FIRST_BIRTHDAY + dt.timedelta(days=seed * 101 % _BIRTHDAYS)
    number = id_number(address=f"8{seed % 3 + 1}0000", born_on=born_on, sequence=0)
    return Person(_name(seed + 7), RESIDENCE_PERMIT, number, born_on)


def passport_holder(seed: int) -> Person:
    born_on = _FIRST_BIRTHDAY + dt.timedelta(days=seed * 211 % _BIRTHDAYS)
    return Person(f"玛丽亚·{_FIRST[seed % len(_FIRST)]}娜", PASSPORT, f"XP{seed:07d}", born_on)


def certificate_number(
    *, issued_on: dt.date, level: str, serial: int, kind: str = "Y", body: str = "9999", site: str = "000001"
) -> str:
    """Y employer or S social body, 4 its code, 2 province, 6 site, 2 year, 1 level, 6 serial: 22 characters."""
    return f"{kind}{body}13{site}{issued_on:%y}{level}{serial:06d}"


def certificate(
    person: Person, *, number: str, level: str, issued_on: dt.date, region: str, assessor: str
) -> dict[str, Any]:
    """The JSON body that reports it."""
    return {
        "certificate_number": number,
        "holder_name": person.name,
        "document_type": person.document_type,
        "document_number": person.document_number,
        "occupation": CAREGIVER,
        "work_type": "--",
        "level": level,
        "issued_on": issued_on.isoformat(),
        "assessor": assessor,
        "region": region,
    }


def phone(seed: int) -> str:
    return f"154{seed * 7919 % 10**8:08d}"


def _name(seed: int) -> str:
    mixed = (seed + 1) * 2_654_435_761 % 2**32  # Knuth's multiplicative hash, folded: neighbours get unlike names
    mixed = (mixed ^ mixed >> 15) * 2_246_822_519 % 2**32
    second = (mixed >> 20) % (len(_SECOND) + 1)  # one in 35 has a single given character
    return _SURNAMES[mixed % len(_SURNAMES)] + _FIRST[(mixed >> 9) % len(_FIRST)] + _SECOND[second : second + 1]
