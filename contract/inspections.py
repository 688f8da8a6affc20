"""What inspections (督导检查) says: which samples it wants drawn, and which counted units are to be withdrawn.

An order goes to the service that owns the fact (certification, housekeeping or reports): the owner changes its own
record, says so, and the count follows from that as from any other change.
"""

from enum import StrEnum

from contract import fields
from contract.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from contract.message import Event, Message


class CountedFact(StrEnum):
    """What a counted unit stands on, and thereby whose it is."""

    CERTIFICATE = "certificate"
    AWARD = "award"
    REPORT = "report"


class AnomalyKind(StrEnum):
    LAST_DAY_BURST = "期末突击"  # most of a period's count on its last day
    SAME_EVERY_MONTH = "逐月雷同"  # identical figures month after month
    IMPOSSIBLE_PACE = "进度异常"  # more in a period than the region has ever done, or can
    SHARED_ROSTER = "名册重合"  # the same people, or the same file, from two centres


class InspectionEvent(Message):
    inspection_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    as_of = fields.Day(required=True)
    size = fields.Whole(required=True, at_least=1, at_most=1000)
    seed = fields.Text(required=True, at_most=64)


class InspectionPlanned(InspectionEvent, Event):
    """Asks targets to draw ``size`` of the units that count in the region on ``as_of``."""

    service = "inspections"


class WithdrawalEvent(Message):
    """``amount``: how many of a report's units are withdrawn; 1 for a certificate or an award. ``fact_id``: the
    certificate, award or report. The newest version of an order stands."""

    order_id = fields.Id(required=True)
    version = fields.Whole(required=True, at_least=1)
    inspection_id = fields.Id(required=True)
    finding_id = fields.Id(required=True)
    target_id = fields.Text(required=True, at_most=10)
    fact = fields.Choice(CountedFact, required=True)
    fact_id = fields.Id(required=True)
    region = fields.RegionCode(required=True)
    amount = fields.Number(required=True)
    effective_on = fields.Day(required=True)
    reason = fields.Text(required=True, at_most=500)
    ordered_by = fields.Text(required=True)


class WithdrawalOrdered(WithdrawalEvent, Event):
    service = "inspections"


class WithdrawalLifted(WithdrawalEvent, Event):
    """The re-check found the unit in order."""

    service = "inspections"


SAMPLES = (InspectionPlanned,)
WITHDRAWALS = (WithdrawalOrdered, WithdrawalLifted)


class WithdrawalAnswer(Message):
    """The owner's word on an order, of the version that it was told: done, or why not."""

    order_id = fields.Id(required=True)
    order_version = fields.Whole(required=True, at_least=1)
    done = fields.Yes(required=True)
    reason = fields.Text(required=True, allow_none=True, at_most=500)


class AnomalyEvent(Message):
    """A hint, for a person to look at; it changes no count. ``anomaly_key`` is the same however often the same thing
    is noticed. ``measures`` are numbers and ids by which to judge it, never personal data."""

    anomaly_key = fields.Text(required=True, at_most=100)
    kind = fields.Choice(AnomalyKind, required=True)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    noticed_on = fields.Day(required=True)
    measures = fields.Facts(required=True)


class InspectionState(StrEnum):
    PLANNED = "planned"  # its sample is not drawn yet
    DRAWN = "drawn"


class Outcome(StrEnum):
    IN_ORDER = "in_order"  # 属实
    NOT_FOUND = "not_found"  # 查无此人、此项
    NOT_AS_REPORTED = "not_as_reported"  # 与上报不符
    DATA_WRONG = "data_wrong"  # 数据有误


class FindingState(StrEnum):
    SETTLED = "settled"  # in order: nothing is to be mended
    OPEN = "open"  # 待整改
    MENDED = "mended"  # 待复查
    PASSED = "passed"  # 复查通过


class WithdrawalState(StrEnum):
    """Ordered and lifted are the inspectors' words; done, refused and lifted are what the owner answered."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"
    LIFTING = "lifting"
    LIFTED = "lifted"
    LIFT_REFUSED = "lift_refused"


class SupervisionColour(StrEnum):
    """督查单, in the order of their weight."""

    BLUE = "蓝"
    ORANGE = "橙"
    RED = "红"


class ProofFile(Message):
    """A file that was handed in (``POST /v1/evidence``)."""

    file_id = fields.Id(required=True)
    sha256 = fields.Text(required=True, at_least=64, at_most=64)
    title = fields.PlainText(required=True, at_most=200)


class PlanInspection(Message):
    """``as_of`` is today unless said; ``seed`` is generated unless said, and recorded either way. ``members``: who
    inspects; kept and shown to inspectors and dispatchers, never said."""

    command_id = fields.Text(at_most=100)
    title = fields.PlainText(required=True, at_most=100)
    target_id = fields.Text(required=True, at_most=10)
    region = fields.RegionCode(required=True)
    as_of = fields.Day()
    size = fields.Whole(required=True, at_least=1, at_most=1000)
    seed = fields.PlainText(at_most=64)
    members = fields.Many(fields.PlainText(at_most=50), required=True)


class RecordFinding(Message):
    """``due_on``: until when it is to be mended (整改期限); the rule's default when absent, and none when all is in
    order. ``amount``: of a report's units, how many are not as reported; not for what counts as one."""

    command_id = fields.Text(at_most=100)
    inspection_id = fields.Id(required=True)
    unit = fields.Whole(required=True, at_least=1, at_most=1000)
    outcome = fields.Choice(Outcome, required=True)
    text = fields.PlainText(required=True, at_most=1000)
    evidence = fields.Many(fields.Nested(ProofFile), load_default=list)
    amount = fields.Number()
    due_on = fields.Day()


class RecordRectification(Message):
    command_id = fields.Text(at_most=100)
    finding_id = fields.Id(required=True)
    text = fields.PlainText(required=True, at_most=1000)
    evidence = fields.Many(fields.Nested(ProofFile), required=True)
    expected_version = fields.Whole(at_least=1)


class ReCheck(Message):
    """By an inspector other than who reported the mending. ``due_on``: the new date when it was not passed."""

    command_id = fields.Text(at_most=100)
    finding_id = fields.Id(required=True)
    passed = fields.Yes(required=True)
    text = fields.PlainText(required=True, at_most=1000)
    evidence = fields.Many(fields.Nested(ProofFile), load_default=list)
    due_on = fields.Day()
    expected_version = fields.Whole(at_least=1)


class OrderWithdrawal(Message):
    command_id = fields.Text(at_most=100)
    finding_id = fields.Id(required=True)
    reason = fields.PlainText(required=True, at_most=300)
    expected_version = fields.Whole(at_least=1)


class LiftWithdrawal(Message):
    """After the re-check was passed. ``expected_version`` is the withdrawal's."""

    command_id = fields.Text(at_most=100)
    order_id = fields.Id(required=True)
    reason = fields.PlainText(required=True, at_most=300)
    expected_version = fields.Whole(at_least=1)


class InspectionStep(Message):
    version = fields.Whole(required=True)
    what = fields.Text(required=True)
    at = fields.Instant(required=True)
    by = fields.Text(required=True)
    reason = fields.Text(allow_none=True, at_most=1000)


class DrawnSample(Message):
    """``frame_digest``: sha256 over the whole ordered frame, a line ``subject|fact_id|region|amount`` each, joined by
    line feeds. Whoever has the frame (``GET /v1/inspections/{id}/frame``) and the seed can draw it again."""

    frame_size = fields.Whole(required=True)
    frame_digest = fields.Text(required=True, at_least=64, at_most=64)
    drawn = fields.Whole(required=True)
    drawn_at = fields.Instant(required=True)


class Inspection(Message):
    """``outcomes``: how many units of the sample were found how; ``unmended``: findings that are not passed yet."""

    inspection_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    title = fields.Text(required=True)
    target_id = fields.Text(required=True)
    target_name = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    as_of = fields.Day(required=True)
    size = fields.Whole(required=True)
    seed = fields.Text(required=True)
    seed_given = fields.Yes(required=True)  # by the planner, not by chance
    members = fields.Many(fields.Text(), required=True)
    state = fields.Choice(InspectionState, required=True)
    sample = fields.Nested(DrawnSample, required=True, allow_none=True)
    outcomes = fields.Facts(required=True)
    unmended = fields.Whole(required=True)
    history = fields.Many(fields.Nested(InspectionStep), required=True)


class SampleUnit(Message):
    """``number``: its place in the sample, from 1. ``amount``: 1, or what a report line adds to the count."""

    inspection_id = fields.Id(required=True)
    number = fields.Whole(required=True)
    subject = fields.Text(required=True)
    fact = fields.Choice(CountedFact, required=True)
    fact_id = fields.Id(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    amount = fields.Number(required=True)
    effective_on = fields.Day(required=True)
    outcome = fields.Choice(Outcome, required=True, allow_none=True)
    finding_id = fields.Id(required=True, allow_none=True)


class Rectification(Message):
    text = fields.Text(required=True, at_most=1000)
    evidence = fields.Many(fields.Nested(ProofFile), required=True)
    at = fields.Instant(required=True)
    by = fields.Text(required=True)


class RecheckRecord(Message):
    passed = fields.Yes(required=True)
    text = fields.Text(required=True, at_most=1000)
    evidence = fields.Many(fields.Nested(ProofFile), required=True)
    at = fields.Instant(required=True)
    by = fields.Text(required=True)


class Escalation(Message):
    colour = fields.Choice(SupervisionColour, required=True)
    supervision_id = fields.Id(required=True)
    number = fields.Text(required=True)
    on = fields.Day(required=True)


class Finding(Message):
    finding_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    inspection_id = fields.Id(required=True)
    unit = fields.Whole(required=True)
    target_id = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    fact = fields.Choice(CountedFact, required=True)
    fact_id = fields.Id(required=True)
    outcome = fields.Choice(Outcome, required=True)
    text = fields.Text(required=True, at_most=1000)
    amount = fields.Number(required=True, allow_none=True)
    evidence = fields.Many(fields.Nested(ProofFile), required=True)
    state = fields.Choice(FindingState, required=True)
    due_on = fields.Day(required=True, allow_none=True)
    overdue = fields.Yes(required=True)
    rectifications = fields.Many(fields.Nested(Rectification), required=True)
    rechecks = fields.Many(fields.Nested(RecheckRecord), required=True)
    escalations = fields.Many(fields.Nested(Escalation), required=True)
    order_id = fields.Id(required=True, allow_none=True)  # the withdrawal that was ordered last
    history = fields.Many(fields.Nested(InspectionStep), required=True)


class Withdrawal(Message):
    """``version`` goes up with each change, ``order_version`` with what the owner is told."""

    order_id = fields.Id(required=True)
    version = fields.Whole(required=True)
    order_version = fields.Whole(required=True)
    inspection_id = fields.Id(required=True)
    finding_id = fields.Id(required=True)
    target_id = fields.Text(required=True)
    fact = fields.Choice(CountedFact, required=True)
    fact_id = fields.Id(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    amount = fields.Number(required=True)
    effective_on = fields.Day(required=True)
    reason = fields.Text(required=True, at_most=500)
    state = fields.Choice(WithdrawalState, required=True)
    answer = fields.Text(required=True, allow_none=True, at_most=500)  # why the owner did not do it
    history = fields.Many(fields.Nested(InspectionStep), required=True)


class SupervisionOrder(Message):
    """督查单, as it is printed: ``lines`` from its heading to its date."""

    supervision_id = fields.Id(required=True)
    number = fields.Text(required=True)
    colour = fields.Choice(SupervisionColour, required=True)
    finding_id = fields.Id(required=True)
    inspection_id = fields.Id(required=True)
    target_id = fields.Text(required=True)
    region = fields.RegionCode(required=True)
    region_name = fields.Text(required=True)
    addressed_to = fields.Many(fields.Text(), required=True)
    issued_on = fields.Day(required=True)
    due_on = fields.Day(required=True)  # when it should have been mended
    overdue_days = fields.Whole(required=True)
    next_on = fields.Day(required=True, allow_none=True)  # the day of the next one, unless it is mended by then
    lines = fields.Many(fields.Text(at_most=1500), required=True)


class InspectionInvalid(Invalid):
    """The indicator, region or day cannot be sampled."""


class InspectionNotFound(NotFound):
    pass


class SampleUnitNotFound(NotFound):
    """The sample is not drawn yet, or has no unit of that number."""


class FindingInvalid(Invalid):
    """What was found contradicts itself or the unit; or its evidence or its date is missing."""


class FindingNotFound(NotFound):
    pass


class FindingFileNotFound(NotFound):
    pass


class FindingRecordedAlready(Conflict):
    """The unit was checked; what it was found to be goes on from there."""


class FindingNotOpen(Conflict):
    """``facts`` tell its state, in which this cannot be done."""


class FindingChanged(Stale):
    pass


class RecheckByAnother(Forbidden):
    """Who reported the mending does not re-check it."""


class WithdrawalNotFound(NotFound):
    pass


class WithdrawalNotPossible(Conflict):
    """Not of a unit that is in order, nor while another one stands; lifted only once done and the re-check passed."""


class WithdrawalChanged(Stale):
    pass


class SupervisionOrderNotFound(NotFound):
    pass


class InspectionsNotAllowed(Forbidden):
    """The role may see the inspection, the finding or the order, but may not do this to it."""
