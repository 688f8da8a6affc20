"""How a certificate lies in the database: without what is personal, which is sealed beside it."""

import datetime as dt
from dataclasses import asdict

from contract.words import CertificateStatus, Verification
from runtime.mongo import Document
from services.certification.domain import Certificate, Change, Identity, Proof
from services.certification.holders import Masked


def document_of(recorded: Certificate) -> Document:
    found: Document = {
        "_id": recorded.certificate_id,
        "version": recorded.version,
        "numbers": [recorded.number, *recorded.superseded],
        "person_key": recorded.identity.person,
        "holder_key": recorded.identity.holder,
        "holder": {
            "name": recorded.masked.name,
            "document_type": recorded.masked.document_type,
            "document_number": recorded.masked.document_number,
        },
        "occupation": recorded.occupation,
        "work_type": recorded.work_type,
        "level": recorded.level,
        "issued_on": recorded.issued_on.isoformat(),
        "assessor": recorded.assessor,
        "region": recorded.region,
        "status": recorded.status.value,
        "verification": recorded.verification.value,
        "organisation": recorded.organisation,
        "recorded_at": recorded.recorded_at,
        "history": [_step(change) for change in recorded.history],
    }
    if recorded.import_id:
        found["import_id"] = recorded.import_id
    if not recorded.filed:
        found["unfiled"] = True
    return found


def _step(change: Change) -> Document:
    step: Document = {"version": change.version, "event": change.event, "at": change.at, "by": change.by}
    if change.reason:
        step["reason"] = change.reason
    if change.fields_changed:
        step["fields_changed"] = list(change.fields_changed)
    if change.previous_person:
        step["previous_person"] = change.previous_person
    if change.evidence:
        step["evidence"] = [asdict(proof) for proof in change.evidence]
    return step


def certificate_of(found: Document) -> Certificate:
    return Certificate(
        certificate_id=found["_id"],
        version=found["version"],
        number=found["numbers"][0],
        superseded=tuple(found["numbers"][1:]),
        identity=Identity(person=found["person_key"], holder=found["holder_key"]),
        masked=Masked(**found["holder"]),
        occupation=found["occupation"],
        work_type=found["work_type"],
        level=found["level"],
        issued_on=dt.date.fromisoformat(found["issued_on"]),
        assessor=found["assessor"],
        region=found["region"],
        status=CertificateStatus(found["status"]),
        verification=Verification(found["verification"]),
        organisation=found["organisation"],
        import_id=found.get("import_id"),
        recorded_at=found["recorded_at"],
        filed=not found.get("unfiled", False),
        history=tuple(_change(step) for step in found["history"]),
    )


def _change(step: Document) -> Change:
    lists = {
        "fields_changed": tuple(step.get("fields_changed", ())),
        "evidence": tuple(Proof(**proof) for proof in step.get("evidence", ())),
    }
    return Change(**(step | lists))
