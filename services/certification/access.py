"""Who may do what to which certificate. What one may not see does not exist for them; what one may not do is forbidden.

A training centre sees and changes only what it reported itself; everybody else sees their region's subtree. Scopes come
from the token; the gateway checks them at its door, and they are checked again here, where the certificate is known.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Any

from contract import actor, regions
from contract.certification import ActionNotAllowed, CertificateNotFound, RevealNotAllowed
from contract.words import Role
from services.certification.domain import Certificate, Proof
from services.certification.faults import Fault, missing, refusal
from services.certification.numbers import read_number


class Action(Enum):
    """(scope that a training centre needs for its own, scope that others need within their region)"""

    READ = ("certificates:read", "certificates:read")
    ISSUE = ("certificates:write", None)
    CORRECT = ("certificates:write", "certificates:correct")
    REVOKE = ("certificates:write", "certificates:revoke")
    REINSTATE = (None, "certificates:revoke")
    VERIFY = (None, "certificates:verify")
    REVEAL = ("people:reveal", "people:reveal")
    IMPORT = ("imports:write", None)
    FOLLOW = ("imports:write", "certificates:read")
    RECALL = ("imports:write", "imports:recall")


class Actor(actor.Actor):
    __slots__ = ()

    @property
    def is_centre(self) -> bool:
        return self.role is Role.TRAINING_CENTRE

    def may(self, action: Action) -> bool:
        scope = action.value[0 if self.is_centre else 1]
        return scope is not None and scope in self.scopes

    def require(self, action: Action) -> None:
        """Raises ActionNotAllowed, or RevealNotAllowed."""
        if not self.may(action):
            if action is Action.REVEAL:
                raise RevealNotAllowed(
                    "没有查看完整个人信息的权限（people:reveal）",
                    "seeing personal data in full needs the scope people:reveal",
                )
            raise _forbidden()

    def sees(self, *, organisation: str, region: str) -> bool:
        if self.is_centre:
            return organisation == self.organisation
        return regions.within(region, self.region)

    def acts_in(self, region: str) -> bool:
        return regions.within(region, self.region)


def check(actor: Actor, action: Action, certificate: Certificate) -> None:
    """Raises CertificateNotFound when the actor may not see it, ActionNotAllowed when it may not do this to it."""
    if not actor.may(Action.READ) or not actor.sees(organisation=certificate.organisation, region=certificate.region):
        actor.require(Action.READ)
        raise not_found()
    actor.require(action)


def check_evidence(actor: Actor, proofs: Sequence[Proof]) -> None:
    """Raises CertificateInvalid. A centre says of what it recorded itself why; whoever else changes it proves it."""
    if not actor.is_centre and not proofs:
        raise refusal((missing("evidence"),))


def number_of(given: dict[str, Any]) -> str:
    """What cannot be a number is nobody's number. Raises CertificateNotFound."""
    number = read_number(given["certificate_number"])
    if isinstance(number, Fault):
        raise not_found()
    return number


def region_outside(actor: Actor) -> Fault:
    """The fault of a certificate that somebody reports for a region that is not theirs."""
    name = regions.get(actor.region).full_name
    return Fault(
        "region",
        "region_not_yours",
        f"只能登记{name}范围内的证书",
        f"only certificates within {actor.region} may be recorded by this organisation",
    )


def not_found() -> CertificateNotFound:
    return CertificateNotFound("没有这张证书", "there is no such certificate")


def _forbidden() -> ActionNotAllowed:
    return ActionNotAllowed("没有进行这项操作的权限", "not allowed to do this")
