"""What bodies have filed (评价机构备案), as heard from training, and whether a certificate's number agrees with it.

*Default* (no rule is published for it): a certificate of a body of whose name no filing is known, or whose filing does
not hold on the day of issue, is recorded and waits: it counts once its body has filed its numbers, or somebody has
reviewed it. A number that was recorded before its body's filing was heard of stays recorded.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.certification import numbers
from services.certification.faults import Fault


@dataclass(frozen=True, slots=True)
class Filing:
    """``valid_until`` is its last day, None when it has no end."""

    number_prefixes: frozenset[str]
    valid_from: dt.date
    valid_until: dt.date | None

    def holds_on(self, day: dt.date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


Filed = Mapping[str, Sequence[Filing]]  # by the body's name, exactly as it filed


def is_filed(*, number: str, assessor: str, issued_on: dt.date, filed: Filed) -> bool:
    """Whether its body has filed this number; of one that tells nothing of a filing nothing is asked."""
    prefix = numbers.filing_prefix(number)
    if prefix is None:
        return True
    holding = [filing for filing in filed.get(assessor, ()) if filing.holds_on(issued_on)]
    return any(prefix in filing.number_prefixes for filing in holding)


def contradiction(*, number: str, assessor: str, issued_on: dt.date, filed: Filed) -> Fault | None:
    """The fault of a number that does not begin as its body's filing says."""
    prefix = numbers.filing_prefix(number)
    if prefix is None:
        return None
    holding = [filing for filing in filed.get(assessor, ()) if filing.holds_on(issued_on)]
    if not holding or any(prefix in filing.number_prefixes for filing in holding):
        return None
    return Fault(
        "certificate_number",
        "assessor_contradicts_number",
        "证书编号前13位与该评价机构的备案不符，请核对编号和评价机构名称",
        "its first 13 characters are none that this assessor has filed: check the number and the assessor's name",
    )
