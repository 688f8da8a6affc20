import pytest

from contract import certification as public
from contract.errors import Invalid
from contract.words import Role
from tests.builders import a_certificate, a_person
from tests.services.certification.actors import BUREAU, CENTRE, INSPECTOR, an_actor


def about(seed, **more):
    return {"certificate_number": a_certificate(seed)["certificate_number"], **more}


def test_a_reveal_is_recorded_with_who_and_why_before_it_is_answered(service, certificates):
    issued = service.issue_certificate(a_certificate(1, phone="15400000001"), CENTRE)
    person = a_person(1)
    revealed = service.reveal_holder(about(1, reason="电话核实本人"), BUREAU)
    assert revealed == {
        "name": person.name,
        "document_type": person.document_type,
        "document_number": person.document_number,
        "phone": "15400000001",
    }
    (record,) = certificates.store["reveals"].find()
    assert (record["certificate_id"], record["client_id"], record["reason"]) == (
        issued["certificate_id"],
        "client-bureau",
        "电话核实本人",
    )


def test_nobody_sees_a_person_without_the_scope_or_without_a_reason(service, certificates):
    service.issue_certificate(a_certificate(1), CENTRE)
    for actor in (CENTRE, INSPECTOR):
        with pytest.raises(public.RevealNotAllowed):
            service.reveal_holder(about(1, reason="电话核实本人"), actor)
    with pytest.raises(Invalid):
        service.reveal_holder(about(1, reason=" "), BUREAU)
    elsewhere = an_actor(Role.CIVIL_AFFAIRS, region="130200", name="tangshan")
    with pytest.raises(public.CertificateNotFound):
        service.reveal_holder(about(1, reason="电话核实本人"), elsewhere)
    assert certificates.store["reveals"].count_documents({}) == 0
