"""What an objection must bring."""

from contract.applications import ObjectionInvalid
from contract.errors import field_error


def check(*, name: str | None, phone: str | None, evidence: int) -> bool:
    """Whether the objection is anonymous. Raises ObjectionInvalid when it is, and brings no evidence."""
    if name and phone:
        return False
    if evidence:
        return True
    raise ObjectionInvalid(
        "实名异议须填写姓名和联系电话；匿名异议须附证据材料",
        "give name and phone, or, anonymously, at least one piece of evidence",
        [field_error("/evidence", "missing", "匿名异议须附证据材料", "is needed for an anonymous objection")],
    )
