"""What certification is asked about the people on certificates."""

from typing import Any

from contract import certification as public
from runtime import clock
from runtime.hosting import rpc
from services.certification import access, store
from services.certification.access import Action, Actor
from services.certification.reveals.store import reveals


class RevealCalls:
    settings: Any  # runtime.config.Config

    @rpc
    def reveal_holder(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RevealHolder -> RevealedHolder, after recording who saw it and why. Refuses CertificateNotFound,
        RevealNotAllowed."""
        given, who = public.RevealHolder.read(command), Actor.of(actor)
        who.require(Action.REVEAL)
        certificates = store.certificates(self.settings)
        certificate = certificates.get(access.number_of(given))
        access.check(who, Action.REVEAL, certificate)
        reveals(self.settings).add(
            certificate,
            actor=who,
            reason=given["reason"],
            at=clock.now(),
            command_id=given.get("command_id"),
        )
        holder = certificates.content(certificate).holder
        return public.RevealedHolder.write(
            name=holder.name,
            document_type=holder.document_type.value,
            document_number=holder.document_number,
            phone=holder.phone,
        )
