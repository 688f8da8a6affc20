"""What certification is asked: commands and queries, as the gateway sends them. Every method takes and gives JSON.

``actor`` is contract.actor.Actor. Refusals are those of contract.certification; a command with a
``command_id`` that was told before changes nothing and is answered with the certificate as it is now.
"""

from collections.abc import Callable
from typing import Any

from pymongo.client_session import ClientSession

from contract import certification as public
from contract import fields, regions
from contract.applications import EvidenceNotFound
from contract.errors import Conflict, field_error
from contract.words import CertificateStatus, Verification
from runtime import clock, mongo, pages
from runtime.calls import LogCalls
from runtime.hosting import Settings, rpc
from runtime.outbox import Outbox
from runtime.pages import ReadPage
from services.certification import access, content, domain, store
from services.certification.access import Action, Actor, check_evidence
from services.certification.answers import shown
from services.certification.content import Content
from services.certification.domain import Certificate, Proof
from services.certification.faults import refusal
from services.certification.filings.service import FilingCalls
from services.certification.filings.store import filings
from services.certification.reveals.service import RevealCalls
from services.certification.rosters.service import ImportCalls
from services.certification.rosters.store import imports
from services.certification.store import Certificates, NumberTaken
from services.certification.withdrawals.domain import check_not_withdrawn
from services.certification.withdrawals.service import WithdrawalCalls


class ReadCertificates(ReadPage):
    person_key = fields.PersonKey()
    region = fields.RegionCode()
    status = fields.Choice(CertificateStatus)
    import_id = fields.Id()


_ATTEMPTS = 5
_FILED = {"certificate_number", "assessor", "issued_on"}  # what a filing has a say in


class Certification(ImportCalls, RevealCalls, FilingCalls, WithdrawalCalls, LogCalls):
    name = "certification"

    settings = Settings()

    @rpc
    def issue_certificate(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """IssueCertificate -> Certificate. Refuses CertificateInvalid, CertificateAlreadyIssued, CertificateConflict,
        ActionNotAllowed."""
        given, who = public.IssueCertificate.read(command), Actor.of(actor)
        who.require(Action.ISSUE)
        at = clock.now()
        said = content.read(given, today=clock.day_of(at))
        if isinstance(said, tuple):
            raise refusal(said)
        certificates, filed = store.certificates(self.settings), filings(self.settings)
        if not who.acts_in(said.region):
            against_filing = filed.contradicted_by(said)
            raise refusal((access.region_outside(who), *([against_filing] if against_filing else [])))
        told, identity = certificates.told(who.client_id, given), certificates.identity(said.holder)

        def work(session: ClientSession) -> Certificate:
            if told and (known := certificates.after_command(told, session)):
                return known
            taken = certificates.numbered([said.number], session).get(said.number)
            if taken:
                raise _taken(taken, domain.differences(recorded=taken, content=said, identity=identity), who)
            if fault := filed.contradicted_by(said, session):
                raise refusal((fault,))
            certificate = domain.issue(
                content=said,
                identity=identity,
                certificate_id=mongo.new_id(),
                organisation=who.organisation,
                import_id=None,
                at=at,
                by=who.client_id,
                filed=filed.has(said, session),
            )
            certificates.add(session, [(certificate, said)], told=told)
            return certificate

        return shown(_settled(certificates, work))

    @rpc
    def certificate_faults(self, readable: dict[str, Any]) -> list[dict[str, str]]:
        """What is wrong with the content of these fields of an IssueCertificate of which others cannot be read."""
        found = content.read(readable, today=clock.day_of(clock.now()))
        faults = found if isinstance(found, tuple) else ()
        return [fault.at() for fault in faults if fault.field in readable]

    @rpc
    def correct_certificate(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """CorrectCertificate -> Certificate. Refuses CertificateNotFound, CertificateInvalid, NothingToCorrect,
        CertificateChanged, CertificateConflict, ActionNotAllowed."""
        given, who = public.CorrectCertificate.read(command), Actor.of(actor)
        proofs = tuple(Proof(**named) for named in given["evidence"])
        certificates, filed, at = store.certificates(self.settings), filings(self.settings), clock.now()

        def correction(certificate: Certificate, session: ClientSession) -> tuple[Certificate, Content]:
            said, changed = content.corrected(certificates.content(certificate, session), given, today=clock.day_of(at))
            if not who.acts_in(said.region):
                raise refusal((access.region_outside(who),))
            if said.number != certificate.number:
                taken = certificates.numbered([said.number], session).get(said.number)
                if taken and taken.certificate_id != certificate.certificate_id:
                    raise _taken(taken, ("certificate_number",), who)
            if _FILED & {*changed} and (fault := filed.contradicted_by(said, session)):
                renamed = "new_certificate_number" if "new_certificate_number" in given else fault.field
                raise refusal((fault._replace(field=renamed),))
            after = domain.correct(
                certificate,
                content=said,
                fields_changed=changed,
                identity=certificates.identity(said.holder),
                reason=given["reason"],
                at=at,
                by=who.client_id,
                filed=filed.has(said, session) if _FILED & {*changed} else certificate.filed,
                evidence=proofs,
            )
            check_evidence(who, proofs)
            return after, said

        return self._change(Action.CORRECT, given, who, correction)

    @rpc
    def revoke_certificate(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """RevokeCertificate -> Certificate. Refuses CertificateNotFound, CertificateRevokedAlready,
        CertificateChanged, CertificateInvalid, ActionNotAllowed."""
        given, who, at = public.RevokeCertificate.read(command), Actor.of(actor), clock.now()
        proofs = tuple(Proof(**named) for named in given["evidence"])

        def revocation(certificate: Certificate, _: ClientSession) -> tuple[Certificate, None]:
            after = domain.revoke(certificate, reason=given["reason"], at=at, by=who.client_id, evidence=proofs)
            check_evidence(who, proofs)
            return after, None

        return self._change(Action.REVOKE, given, who, revocation)

    @rpc
    def reinstate_certificate(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """ReinstateCertificate -> Certificate. Refuses CertificateNotFound, CertificateNotRevoked,
        WithdrawnByInspection, CertificateChanged, CertificateInvalid, ActionNotAllowed."""
        given, who, at = public.ReinstateCertificate.read(command), Actor.of(actor), clock.now()
        proofs = tuple(Proof(**named) for named in given["evidence"])

        def reinstatement(certificate: Certificate, _: ClientSession) -> tuple[Certificate, None]:
            check_not_withdrawn(certificate)
            after = domain.reinstate(certificate, reason=given["reason"], at=at, by=who.client_id, evidence=proofs)
            check_evidence(who, proofs)
            return after, None

        return self._change(Action.REINSTATE, given, who, reinstatement)

    @rpc
    def verify_certificate(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """VerifyCertificate -> Certificate. Refuses CertificateNotFound, CertificateInvalid, CertificateChanged,
        ActionNotAllowed."""
        given, who, at = public.VerifyCertificate.read(command), Actor.of(actor), clock.now()
        outcome = Verification(given["outcome"])
        return self._change(
            Action.VERIFY,
            given,
            who,
            lambda certificate, _: (
                domain.verify(
                    certificate,
                    outcome=outcome,
                    reason=given.get("reason"),
                    at=at,
                    by=who.client_id,
                ),
                None,
            ),
        )

    @rpc
    def certificate(self, number: str, actor: dict[str, Any]) -> dict[str, Any]:
        """By a number that it has or had -> Certificate. Refuses CertificateNotFound."""
        who = Actor.of(actor)
        found = store.certificates(self.settings).get(access.number_of({"certificate_number": number}))
        access.check(who, Action.READ, found)
        return shown(found)

    @rpc
    def certificate_file(self, number: str, file_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"file_id", "sha256"}`` of a document that a step of the certificate rests on. Refuses
        CertificateNotFound, EvidenceNotFound."""
        who = Actor.of(actor)
        found = store.certificates(self.settings).get(access.number_of({"certificate_number": number}))
        access.check(who, Action.READ, found)
        named = {proof.file_id: proof.sha256 for change in found.history for proof in change.evidence}
        if file_id not in named:
            raise EvidenceNotFound("没有这份材料", "there is no such document")
        return {"file_id": file_id, "sha256": named[file_id]}

    @rpc
    def certificates(
        self,
        actor: dict[str, Any],
        after: str | None = None,
        limit: int = 50,
        person_key: str | None = None,
        region: str | None = None,
        status: str | None = None,
        import_id: str | None = None,
    ) -> dict[str, Any]:
        """``{"items": [Certificate], "next": cursor or None}``, of those that the actor may see, as recorded."""
        who = Actor.of(actor)
        who.require(Action.READ)
        asked = ReadCertificates.read(
            pages.given(
                after=after, limit=limit, person_key=person_key, region=region, status=status, import_id=import_id
            )
        )
        # A centre's own are its own, wherever they are.
        within = pages.within_of(regions.PROVINCE if who.is_centre else who.region, asked.get("region"))
        if within is None:
            return pages.nothing()
        found = store.certificates(self.settings).page(
            organisation=who.organisation if who.is_centre else None,
            within=within,
            person_key=asked.get("person_key"),
            status=asked.get("status"),
            import_id=asked.get("import_id"),
            after=asked.get("after"),
            limit=asked["limit"],
        )
        return pages.walked(found, [shown(each) for each in found])

    def _outbox(self) -> Outbox:
        return store.certificates(self.settings).outbox

    @rpc
    def status(self) -> dict[str, Any]:
        """As LogCalls, and how many jobs are in each active state: ``{"imports_queued", "imports_running",
        "imports_recalling"}``."""
        jobs = imports(self.settings).active_by_state()
        return super().status() | {f"imports_{state}": number for state, number in jobs.items()}

    def _change(
        self,
        action: Action,
        given: dict[str, Any],
        who: Actor,
        step: Callable[[Certificate, ClientSession], tuple[Certificate, Content | None]],
    ) -> dict[str, Any]:
        """One step of a certificate's life, once for each command_id."""
        certificates, number = store.certificates(self.settings), access.number_of(given)
        said_of = {name: value for name, value in given.items() if value != []}  # as before there was evidence
        told = certificates.told(who.client_id, {"action": action.name, **said_of})

        def work(session: ClientSession) -> Certificate:
            before = certificates.get(number, session)
            access.check(who, action, before)
            if told and (known := certificates.after_command(told, session)):
                return known
            domain.check_version(before, given.get("expected_version"))
            after, said = step(before, session)
            certificates.replace(session, [(before, after)], content=said, told=told)
            certificates.commands.bind(session, given, after.certificate_id)
            return after

        return shown(_settled(certificates, work))


def _settled(certificates: Certificates, work: Callable[[ClientSession], Certificate]) -> Certificate:
    """In one transaction, decided anew when somebody else was faster with one of the numbers or the same command."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return certificates.transact(work)
        except NumberTaken:
            continue
    return certificates.transact(work)


def _taken(recorded: Certificate, differing: tuple[str, ...], who: Actor) -> Conflict:
    """The refusal of a number that is recorded: with the same content, or with other. What another organisation
    recorded is not told."""
    own = who.sees(organisation=recorded.organisation, region=recorded.region)
    if not differing:
        return public.CertificateAlreadyIssued(
            "该证书已登记，内容相同",
            "the certificate is recorded already, with the same content",
            facts={"certificate_id": recorded.certificate_id, "version": recorded.version} if own else {},
        )
    if not own:
        return public.CertificateConflict(
            "该证书编号已由其他机构登记，且内容不同，请核对编号",
            "another organisation recorded this number with other content: check the number",
        )
    return public.CertificateConflict(
        "该证书编号已登记，但内容不同，请核对；确需更正的请走更正流程",
        "the number is recorded with other content: check it, or correct the recorded certificate",
        [field_error(f"/{name}", "differs", "与已登记的不同", "differs from what is recorded") for name in differing],
        facts={"certificate_id": recorded.certificate_id, "version": recorded.version},
    )
