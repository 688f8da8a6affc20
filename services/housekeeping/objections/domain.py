"""What an objection must bring, and how many are taken of one person and of one sender."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from contract.applications import ObjectionInvalid, ObjectionsTooMany
from contract.errors import field_error


def check(*, name: str | None, phone: str | None, evidence: int) -> bool:
    """Whether the objection is anonymous. Raises ObjectionInvalid for half an identity, and for an anonymous one
    without evidence."""
    if bool(name) != bool(phone):
        missing = "phone" if name else "name"
        fault = field_error(f"/{missing}", "missing", "实名须同时填写姓名和联系电话", "give both, or neither")
    elif not name and not evidence:
        fault = field_error("/evidence", "missing", "匿名异议须附证据材料", "is needed for an anonymous objection")
    else:
        return not name
    raise ObjectionInvalid(
        "实名异议须填写姓名和联系电话；匿名异议须附证据材料",
        "give name and phone, or, anonymously, at least one piece of evidence",
        [fault],
    )


def digits(phone: str) -> str:
    """The same for every way to write a number."""
    return re.sub(r"\D", "", re.sub(r"^\+?86(?=-?1)", "", phone))


@dataclass(frozen=True, slots=True)
class Earlier:
    """How many one person or one sender has raised: to this notice, and today to any."""

    here: int
    today: int


def check_rate(limits: Mapping[str, int], **earlier: Earlier) -> None:
    """``earlier``: by "person" and by "sender". Raises ObjectionsTooMany."""
    for of, already in earlier.items():
        if already.here >= limits[of]:
            raise ObjectionsTooMany(
                f"您对该公示已提出{already.here}项异议，请等候答复；补充材料可向省妇联提交",
                f"{already.here} objections of yours to this notice were taken: wait for the answers",
            )
        if already.today >= limits[f"{of}_a_day"]:
            raise ObjectionsTooMany(
                f"今天已收到您的{already.today}项异议，请明天再提",
                f"{already.today} objections of yours were taken today: try again tomorrow",
            )
