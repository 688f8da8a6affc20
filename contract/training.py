"""What training says of centres (培训机构) and of the filings of assessors (评价机构备案), and what it is told of both.

A certificate's number begins with 13 characters of its body's filing (domain.md §4): who has to know listens here.
"""

import re
from enum import StrEnum

from contract import fields, identifying
from contract.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contract.message import Event, Message


class CentreStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class FilingStatus(StrEnum):
    FILED = "filed"
    WITHDRAWN = "withdrawn"


class AssessorKind(StrEnum):
    EMPLOYER = "Y"  # 用人单位
    SOCIAL = "S"  # 社会培训评价组织


class CreditCode(fields.Pattern):
    """统一社会信用代码 by its shape; whether it holds is for the service to say, and a reason may override that."""

    reading = staticmethod(identifying.number)
    pattern = re.compile(r"[0-9A-Za-z]{18}")
    means = ("credit_code", "应为18位数字和字母", "must be 18 digits and letters")


class NumberPrefix(fields.Pattern):
    """What the numbers of a body's certificates begin with: 1 kind, 4 its code, 2 province, 6 site."""

    pattern = re.compile(r"[YS][0-9]{12}")
    means = ("number_prefix", "应为Y或S加12位数字", "must be Y or S and 12 digits")


class TypedPrefix(NumberPrefix):
    """As somebody files it."""

    reading = staticmethod(identifying.number)


class RegisterCentre(Message):
    """``credit_code_reason``: why a code that GB 32100 does not accept is right all the same."""

    command_id = fields.Text(at_most=100)
    credit_code = CreditCode(required=True)
    credit_code_reason = fields.PlainText(at_least=5, at_most=500)
    name = fields.Name(required=True, at_most=100)
    region = fields.Text(required=True, at_most=50)  # a code, or a name where it is unambiguous


class CloseCentre(Message):
    command_id = fields.Text(at_most=100)
    credit_code = CreditCode(required=True)
    reason = fields.PlainText(required=True, at_most=500)
    expected_version = fields.Whole(at_least=1)


class FileAssessor(Message):
    """A body's filing, or more of it: another site, another name, a renewal. Told again for the same credit code the
    prefixes add up, the earliest ``valid_from`` stays, and name and ``valid_until`` are what was said last."""

    command_id = fields.Text(at_most=100)
    credit_code = CreditCode(required=True)
    credit_code_reason = fields.PlainText(at_least=5, at_most=500)
    name = fields.Name(required=True, at_most=100)  # as it is printed on the certificates
    kind = fields.Choice(AssessorKind, required=True)
    number_prefix = TypedPrefix(required=True)
    valid_from = fields.Day(required=True)
    valid_until = fields.Day()  # its last day


class WithdrawFiling(Message):
    """From tomorrow it holds no more; what was issued up to today is still checked against it."""

    command_id = fields.Text(at_most=100)
    credit_code = CreditCode(required=True)
    reason = fields.PlainText(required=True, at_most=500)
    expected_version = fields.Whole(at_least=1)


class TrainingChange(Message):
    """One step of a registration's life."""

    version = fields.Whole(required=True)
    event = fields.Text(required=True)
    at = fields.Instant(required=True)
    by = fields.Account(required=True)
    reason = fields.Text(required=True, allow_none=True, at_most=500)


class Centre(Message):
    centre_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    credit_code = fields.Text(required=True)
    credit_code_reason = fields.Text(required=True, allow_none=True, at_most=500)
    name = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    status = fields.Choice(CentreStatus, required=True)
    history = fields.Many(fields.Nested(TrainingChange), required=True)


class Assessor(Message):
    assessor_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    credit_code = fields.Text(required=True)
    credit_code_reason = fields.Text(required=True, allow_none=True, at_most=500)
    name = fields.Text(required=True)
    kind = fields.Choice(AssessorKind, required=True)
    number_prefixes = fields.Many(NumberPrefix(), required=True)
    valid_from = fields.Day(required=True)
    valid_until = fields.Day(required=True, allow_none=True)
    status = fields.Choice(FilingStatus, required=True)
    history = fields.Many(fields.Nested(TrainingChange), required=True)


class AssessorEvent(Message):
    """Every event carries the whole filing after the change, so that the newest one alone settles it, whatever order
    they arrive in. ``version`` orders them within an assessor. A body's name is no personal data. Without
    ``valid_until`` the filing has no end."""

    assessor_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    assessor = fields.Text(required=True)  # its name, as certificates bear it
    number_prefixes = fields.Many(NumberPrefix(), required=True)
    valid_from = fields.Day(required=True)
    valid_until = fields.Day()
    status = fields.Choice(FilingStatus, required=True)


class AssessorFiled(AssessorEvent, Event):
    service = "training"


class AssessorChanged(AssessorEvent, Event):
    """Filed again: another site, another name, a renewal, or after a withdrawal."""

    service = "training"


class AssessorWithdrawn(AssessorEvent, Event):
    service = "training"


class CentreEvent(Message):
    """The whole centre after the change, as AssessorEvent has it."""

    centre_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    centre = fields.Text(required=True)  # its name
    region = fields.RegionCode(required=True)
    status = fields.Choice(CentreStatus, required=True)


class CentreRegistered(CentreEvent, Event):
    service = "training"


class CentreClosed(CentreEvent, Event):
    service = "training"


EVENTS = (AssessorFiled, AssessorChanged, AssessorWithdrawn, CentreRegistered, CentreClosed)


class CentreInvalid(Invalid):
    pass


class CentreNotFound(NotFound):
    pass


class CentreAlreadyRegistered(Conflict):
    """This 统一社会信用代码 is registered."""


class CentreAlreadyClosed(Conflict):
    pass


class AssessorInvalid(Invalid):
    """A filing that contradicts itself, or what is filed of the same body."""


class AssessorNotFound(NotFound):
    pass


class AssessorAlreadyFiled(Conflict):
    """All of it is filed already."""


class NumberPrefixTaken(Conflict):
    """Another body's numbers begin so."""


class FilingAlreadyWithdrawn(Conflict):
    pass


class RegistrationChanged(Stale):
    """If-Match named another version of the centre or the filing."""


class CentresNotAllowed(Forbidden):
    """Centres and filings are kept by the province's civil affairs department (省民政厅)."""
