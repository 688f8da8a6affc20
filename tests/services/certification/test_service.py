import datetime as dt
import threading

import pytest
from bson import encode

from contract import certification as public
from contract.errors import Invalid, Refused
from contract.message import Event
from contract.words import Role
from samples import people
from services.certification import service as calls
from tests.builders import a_certificate, a_person
from tests.services.certification.actors import BUREAU, CENTRE, INSPECTOR, OTHER_CENTRE, an_actor
from tests.services.certification.builders import papers

REASON = {"reason": "持证人冒名顶替"}


def number_of(seed):
    return a_certificate(seed)["certificate_number"]


def about(seed, **more):
    return {"certificate_number": number_of(seed), **more}


@pytest.fixture
def said(certificates):
    """What was said so far, oldest first, as its readers will get it."""

    def read():
        rows = certificates.store["outbox"].find().sort("_id", 1)
        return [Event.heard(row["event"]) for row in rows]

    return read


def test_an_issued_certificate_is_found_by_its_number_and_its_person_and_shows_nobody_in_full(service):
    issued = service.issue_certificate(a_certificate(1, phone="15400000001"), CENTRE)
    person = a_person(1)
    assert issued == service.certificate(number_of(1), CENTRE)
    found = service.certificates(CENTRE, person_key=issued["holder"]["person_key"])
    assert found == {"items": [issued], "next": None}
    assert (issued["version"], issued["status"], issued["region_name"]) == (1, "valid", "河北省石家庄市长安区")
    for value in (person.name, person.document_number, "15400000001"):
        assert value not in str(issued)


def test_certificate_and_event_are_written_together_and_the_event_tells_no_person(service, said):
    issued = service.issue_certificate(a_certificate(1, phone="15400000001"), CENTRE)
    (event,) = said()
    assert event.event is public.CertificateIssued
    assert event.data["certificate_id"] == event.subject == issued["certificate_id"]
    assert event.data["person_key"] == issued["holder"]["person_key"]
    assert {"holder_name", "document_number", "phone"}.isdisjoint(event.data)


def test_a_refused_certificate_leaves_nothing_behind(service, said):
    with pytest.raises(public.CertificateInvalid) as refused:
        service.issue_certificate(a_certificate(1) | {"document_number": "130100196802301234", "level": "六级"}, CENTRE)
    assert {error["pointer"] for error in refused.value.errors} == {"/document_number", "/level"}
    assert said() == []
    with pytest.raises(public.CertificateNotFound):
        service.certificate(number_of(1), CENTRE)


def test_unknown_fields_and_wrong_types_are_refused(service):
    for wrong in ({"shoe_size": 42}, {"issued_on": 20230501}, {"level": 5}):
        with pytest.raises(Invalid):
            service.issue_certificate(a_certificate(1) | wrong, CENTRE)


def test_the_same_command_told_twice_issues_once_and_is_answered_the_same(service, said):
    command = a_certificate(1, command_id="k1")
    assert service.issue_certificate(command, CENTRE) == service.issue_certificate(command, CENTRE)
    assert len(said()) == 1


def test_a_command_id_used_for_something_else_is_refused(service):
    service.issue_certificate(a_certificate(1, command_id="k1"), CENTRE)
    with pytest.raises(public.CertificateConflict):
        service.issue_certificate(a_certificate(2, command_id="k1"), CENTRE)
    service.issue_certificate(a_certificate(2, command_id="k1"), OTHER_CENTRE)  # ids are the client's own


def test_the_same_content_again_is_already_issued_and_other_content_is_a_conflict(service):
    service.issue_certificate(a_certificate(1), CENTRE)
    with pytest.raises(public.CertificateAlreadyIssued):
        service.issue_certificate(a_certificate(1, region="石家庄市长安区"), CENTRE)
    with pytest.raises(public.CertificateConflict) as refused:
        service.issue_certificate(a_certificate(1, assessor="另一评价机构"), CENTRE)
    assert [error["pointer"] for error in refused.value.errors] == ["/assessor"]


def test_two_people_cannot_have_one_number(service, said):
    service.issue_certificate(a_certificate(1), CENTRE)
    with pytest.raises(public.CertificateConflict) as refused:
        service.issue_certificate(a_certificate(1, person=a_person(2)), CENTRE)
    assert [error["pointer"] for error in refused.value.errors] == ["/document_number"]
    assert len(said()) == 1


def test_another_centre_learns_that_a_number_is_taken_and_nothing_else(service):
    service.issue_certificate(a_certificate(1), CENTRE)
    with pytest.raises(public.CertificateConflict) as refused:
        service.issue_certificate(a_certificate(1, person=a_person(2)), OTHER_CENTRE)
    assert (refused.value.errors, refused.value.facts) == ([], {})


def test_of_many_who_issue_one_number_at_once_one_succeeds(service, said):
    outcomes, barrier = [], threading.Barrier(6)

    def issue(seed):
        barrier.wait()
        try:
            service.issue_certificate(a_certificate(1, person=a_person(seed)), CENTRE)
            outcomes.append("issued")
        except Refused as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=issue, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["certificate_conflict"] * 5 + ["issued"]
    assert len(said()) == 1


def test_one_command_told_by_many_at_once_acts_once_and_all_get_the_answer(service, said):
    answers, barrier = [], threading.Barrier(6)

    def issue():
        barrier.wait()
        answers.append(service.issue_certificate(a_certificate(1, command_id="k1"), CENTRE))

    threads = [threading.Thread(target=issue) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert all(answer == answers[0] for answer in answers)
    assert len(said()) == 1


def test_revoked_and_reinstated_with_reasons_that_stay(service, said):
    service.issue_certificate(a_certificate(1), CENTRE)
    revoked = service.revoke_certificate(about(1, **REASON, evidence=papers(service)), BUREAU)
    assert revoked["status"] == "revoked"
    with pytest.raises(public.CertificateRevokedAlready):
        service.revoke_certificate(about(1, **REASON, evidence=papers(service)), BUREAU)
    reinstated = service.reinstate_certificate(about(1, reason="申诉成立", evidence=papers(service)), BUREAU)
    assert (reinstated["status"], reinstated["version"]) == ("valid", 3)
    assert [(step["event"], step["reason"], step["by"]) for step in reinstated["history"][1:]] == [
        ("certificate_revoked", "持证人冒名顶替", "client-bureau"),
        ("certificate_reinstated", "申诉成立", "client-bureau"),
    ]
    assert [event.data["version"] for event in said()] == [1, 2, 3]
    assert "冒名" not in str([event.data for event in said()]), "a reason may name people: it stays here"


def test_whoever_else_revokes_or_reinstates_brings_evidence_that_was_handed_in(service, said):
    service.issue_certificate(a_certificate(1), CENTRE)
    (paper,) = papers(service)
    for invented in ([], [paper | {"file_id": "0" * 24}], [paper | {"sha256": "0" * 64}]):
        with pytest.raises(Invalid):
            service.revoke_certificate(about(1, **REASON, evidence=invented), BUREAU)
    service.revoke_certificate(about(1, **REASON, evidence=[paper]), BUREAU)
    with pytest.raises(public.CertificateInvalid):
        service.reinstate_certificate(about(1, reason="申诉成立"), BUREAU)
    with pytest.raises(public.CertificateInvalid):
        service.correct_certificate(about(1, region="130104", reason="区划有误"), BUREAU)
    back = service.reinstate_certificate(about(1, reason="申诉成立", evidence=papers(service)), BUREAU)
    assert [len(step["evidence"]) for step in back["history"]] == [0, 1, 1]
    assert service.certificate_file(number_of(1), paper["file_id"], BUREAU)["sha256"] == paper["sha256"]
    with pytest.raises(public.CertificateNotFound):
        service.certificate_file(number_of(1), paper["file_id"], OTHER_CENTRE)
    assert len(said()) == 3


def test_a_revocation_told_twice_under_one_command_id_is_one(service, said):
    service.issue_certificate(a_certificate(1), CENTRE)
    command = about(1, **REASON, command_id="r1", evidence=papers(service))
    assert service.revoke_certificate(command, BUREAU) == service.revoke_certificate(command, BUREAU)
    assert len(said()) == 2
    with pytest.raises(public.CertificateConflict):
        service.reinstate_certificate(command, BUREAU)


def test_a_decision_on_an_old_version_is_refused(service):
    service.issue_certificate(a_certificate(1), CENTRE)
    service.verify_certificate(about(1, outcome="核验通过"), BUREAU)
    with pytest.raises(public.CertificateChanged) as refused:
        service.revoke_certificate(about(1, **REASON, expected_version=1, evidence=papers(service)), BUREAU)
    assert refused.value.facts == {"version": 2}
    assert (
        service.revoke_certificate(about(1, **REASON, expected_version=2, evidence=papers(service)), BUREAU)["version"]
        == 3
    )


@pytest.mark.parametrize(("number", "level"), [("1303000000200001", "5"), ("AB13000000000000000001", "0")])
def test_an_uncheckable_number_waits_for_review_and_a_passed_check_settles_it(service, said, number, level):
    issued = service.issue_certificate(a_certificate(1, certificate_number=number, level=level), CENTRE)
    assert issued["status"] == "needs_review"
    found = service.certificates(BUREAU, status="needs_review")["items"]
    assert [each["certificate_number"] for each in found] == [number]
    check = {"certificate_number": number, "outcome": "核验通过", "reason": "纸质档案核对一致"}
    passed = service.verify_certificate(check, BUREAU)
    assert (passed["status"], passed["verification"]) == ("valid", "核验通过")
    assert [event.data["status"] for event in said()] == ["needs_review", "valid"]


def test_what_needs_review_is_accepted_by_a_bureau_with_a_reason(service):
    number = "1303000000200001"
    service.issue_certificate(a_certificate(1, certificate_number=number), CENTRE)
    check = {"certificate_number": number, "outcome": "核验通过"}
    with pytest.raises(public.ActionNotAllowed):
        service.verify_certificate(check | {"reason": "属实"}, CENTRE)
    with pytest.raises(public.CertificateInvalid):
        service.verify_certificate(check, BUREAU)
    assert service.certificate(number, BUREAU)["status"] == "needs_review"
    assert service.verify_certificate(check | {"reason": "纸质档案核对一致"}, BUREAU)["status"] == "valid"


def test_a_corrected_number_is_found_by_both_and_neither_can_be_issued_again(service):
    service.issue_certificate(a_certificate(1), CENTRE)
    corrected = service.correct_certificate(about(1, new_certificate_number=number_of(2), reason="录入有误"), CENTRE)
    assert corrected["superseded_numbers"] == [number_of(1)]
    assert service.certificate(number_of(1), CENTRE) == service.certificate(number_of(2), CENTRE) == corrected
    for seed in (1, 2):
        with pytest.raises(public.CertificateConflict):
            service.issue_certificate(a_certificate(seed, person=a_person(3)), CENTRE)


def test_a_number_cannot_be_corrected_into_one_that_is_or_was_anothers(service):
    for seed in (1, 2):
        service.issue_certificate(a_certificate(seed), CENTRE)
    service.correct_certificate(about(2, new_certificate_number=number_of(3), reason="录入有误"), CENTRE)
    for taken in (2, 3):
        with pytest.raises(public.CertificateConflict):
            service.correct_certificate(about(1, new_certificate_number=number_of(taken), reason="录入有误"), CENTRE)


def test_a_typo_in_the_document_number_moves_the_certificate_to_the_right_person(service, said):
    before = service.issue_certificate(a_certificate(1), CENTRE)
    after = service.correct_certificate(
        about(1, document_number=a_person(2).document_number, reason="证件号码录错一位"), CENTRE
    )
    assert after["certificate_id"] == before["certificate_id"]
    moved = said()[-1].data
    assert moved["previous_person_key"] == before["holder"]["person_key"]
    assert moved["person_key"] == after["holder"]["person_key"] != before["holder"]["person_key"]
    reported = service.issue_certificate(a_certificate(5, person=a_person(2)), CENTRE)
    assert reported["holder"]["person_key"] == after["holder"]["person_key"], "one person, one key"


def test_what_was_corrected_stays_readable_to_who_holds_the_keys(service, certificates):
    issued = service.issue_certificate(a_certificate(1), CENTRE)
    service.correct_certificate(about(1, holder_name="欧阳一苇", reason="姓名录错"), CENTRE)
    stored = certificates.store["certificates"].find_one({"_id": issued["certificate_id"]})
    (before,) = stored["supersedes"]
    assert before["version"] == 1
    assert certificates._vault.open(before["sealed"])["name"] == a_person(1).name


def test_a_centre_sees_and_changes_only_its_own(service):
    service.issue_certificate(a_certificate(1), CENTRE)
    with pytest.raises(public.CertificateNotFound):
        service.certificate(number_of(1), OTHER_CENTRE)
    for method, more in (
        (service.correct_certificate, {"region": "130104"}),
        (service.revoke_certificate, {}),
    ):
        with pytest.raises(public.CertificateNotFound):
            method(about(1, **REASON, **more), OTHER_CENTRE)
    assert service.certificates(OTHER_CENTRE) == {"items": [], "next": None}
    assert service.revoke_certificate(about(1, **REASON), CENTRE)["status"] == "revoked"


def test_who_may_see_a_certificate_may_not_always_change_it(service):
    service.issue_certificate(a_certificate(1), CENTRE)
    for method, actor, more in (
        (service.revoke_certificate, INSPECTOR, REASON),
        (service.correct_certificate, INSPECTOR, {**REASON, "region": "130104"}),
        (service.verify_certificate, CENTRE, {"outcome": "核验通过"}),
        (service.reinstate_certificate, CENTRE, REASON),
    ):
        with pytest.raises(public.ActionNotAllowed):
            method(about(1, **more), actor)
    with pytest.raises(public.ActionNotAllowed):
        service.issue_certificate(a_certificate(2), BUREAU)


def test_everybody_else_sees_their_regions_subtree(service):
    service.issue_certificate(a_certificate(1, region="130102"), CENTRE)
    service.issue_certificate(a_certificate(2, region="130202"), CENTRE)
    shijiazhuang = an_actor(Role.CIVIL_AFFAIRS, region="130100", name="sjz")
    assert service.certificate(number_of(1), shijiazhuang)["region"] == "130102"
    with pytest.raises(public.CertificateNotFound):
        service.certificate(number_of(2), shijiazhuang)
    assert [each["region"] for each in service.certificates(shijiazhuang)["items"]] == ["130102"]
    assert service.certificates(shijiazhuang, region="130200")["items"] == []
    assert [each["region"] for each in service.certificates(BUREAU, region="130200")["items"]] == ["130202"]


def test_a_centre_cannot_report_for_a_region_that_is_not_its_own(service):
    tangshan = an_actor(Role.TRAINING_CENTRE, region="130200", name="tangshan")
    with pytest.raises(public.CertificateInvalid) as refused:
        service.issue_certificate(a_certificate(1, region="130102"), tangshan)
    assert refused.value.errors[0]["code"] == "region_not_yours"


def test_pages_follow_one_another_while_certificates_are_added(service):
    for seed in range(1, 6):
        service.issue_certificate(a_certificate(seed), CENTRE)
    first = service.certificates(CENTRE, limit=2)
    service.issue_certificate(a_certificate(9), CENTRE)
    seen, after = first["items"], first["next"]
    while after:
        page = service.certificates(CENTRE, limit=2, after=after)
        seen, after = seen + page["items"], page["next"]
    assert [each["certificate_number"] for each in seen] == [number_of(seed) for seed in (1, 2, 3, 4, 5, 9)]


def test_what_cannot_be_a_number_is_nobodys(service):
    for number in ("", "x" * 500, "Y1", "1.3E+21"):
        with pytest.raises(public.CertificateNotFound):
            service.certificate(number, CENTRE)


def test_a_certificate_of_tomorrow_is_refused_by_the_day_in_shanghai(service, monkeypatch):
    evening = dt.datetime(2023, 5, 1, 16, 30, tzinfo=dt.UTC)  # 2 May, half past midnight in Shanghai
    monkeypatch.setattr(calls.clock, "now", lambda: evening)
    body = a_certificate(1, issued_on="2023-05-02")
    assert service.issue_certificate(body, CENTRE)["issued_on"] == "2023-05-02"
    with pytest.raises(public.CertificateInvalid) as refused:
        service.issue_certificate(a_certificate(2, issued_on="2023-05-03"), CENTRE)
    assert refused.value.errors[0]["code"] == "issued_on_future"


def test_nothing_personal_lies_readable_in_the_database(service, certificates, settings):
    body = a_certificate(1, phone="15400000001", remarks="备注里的人名欧阳一苇")
    service.issue_certificate(body, CENTRE)
    service.correct_certificate(about(1, document_number=a_person(2).document_number, reason="录入有误"), CENTRE)
    service.reveal_holder(about(1, reason="拨打电话核实"), BUREAU)
    service.revoke_certificate(about(1, reason="与证件不符", evidence=papers(service)), BUREAU)
    secrets = (
        body["holder_name"],
        body["document_number"],
        a_person(2).document_number,
        "15400000001",
        "欧阳一苇",
        body["document_number"][6:14],  # the birthday
    )
    collections = certificates.store.list_collection_names()
    assert {"certificates", "outbox", "reveals", "keys"} <= {*collections}
    for collection in collections:
        for document in certificates.store[collection].find():
            raw = encode(document)
            for secret in secrets:
                assert secret.encode() not in raw, f"{collection} holds {len(secret)} characters of a person in plain"


def test_the_log_and_the_status_tell_how_far_it_is(service):
    service.issue_certificate(a_certificate(1), CENTRE)
    status = service.status()
    assert (status["head_seq"], status["unpublished"], status["imports_running"]) == (0, 1, 0)
    assert service.events() == {"items": [], "head": {"seq": 0, "hash": "0" * 64}}, "the relay gives the places"


def test_numbers_of_another_provinces_filing_wait_for_review(service):
    number = people.certificate_number(issued_on=dt.date(2023, 5, 1), level="5", serial=1).replace("999913", "999911")
    assert service.issue_certificate(a_certificate(1, certificate_number=number), CENTRE)["status"] == "needs_review"


@pytest.mark.parametrize(
    ("recorded", "told_again"),
    [
        ({"holder_name": "王芳"}, {"holder_name": "王 芳"}),
        ({"holder_name": "王\u200b芳"}, {"holder_name": "王芳\u202c"}),
        ({"holder_name": "阿依古丽·买买提"}, {"holder_name": "阿依古丽•买买提"}),
        ({"holder_name": "李例"}, {"holder_name": "李\uf9b5"}),
        ({"holder_name": "Zhōu é"}, {"holder_name": "Ｚｈｏ\u0304ｕ e\u0301"}),
        ({"assessor": "某某（石家庄）评价中心"}, {"assessor": "某某(石家庄) 评价中心"}),
        ({"work_type": "--"}, {"work_type": "无"}),
        ({"work_type": "/"}, {"work_type": "——"}),
        ({"region": "石家庄市长安区"}, {"region": "石家庄市 — 长安区\u200b"}),
    ],
)
def test_a_certificate_told_again_in_other_spelling_is_the_same_certificate(service, recorded, told_again):
    first = service.issue_certificate(a_certificate(1, **recorded), CENTRE)
    assert first["holder"]["name"].count("*") == 1
    with pytest.raises(public.CertificateAlreadyIssued):
        service.issue_certificate(a_certificate(1, **told_again), CENTRE)
    number = "\u200e'" + first["certificate_number"].lower() + "\u202c"
    assert service.certificate(number, CENTRE)["certificate_id"] == first["certificate_id"]
