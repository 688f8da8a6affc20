import threading
from collections.abc import Callable
from typing import Any

import pytest

from contract import training as public
from contract.errors import CommandReused, Invalid, Refused
from contract.message import Said
from runtime import clock
from services.training import store
from services.training.service import Training
from tests.services.training.builders import CENTRE, CITY, OUTSIDER, PROVINCE, READER, a_centre, a_code, a_filing

Log = Callable[[], list[Said]]
REASON = {"reason": "停止办学"}


def test_a_registered_centre_is_found_by_its_code_and_said(service: Training, said: Log) -> None:
    made = service.register_centre(a_centre(), PROVINCE)
    assert made == service.centre(a_code().lower(), PROVINCE)
    assert (made["status"], made["region"], made["region_name"]) == ("open", "130102", "河北省石家庄市长安区")
    (event,) = said()
    assert (event.event, event.subject) == (public.CentreRegistered, made["centre_id"])
    assert event.data == {
        "centre_id": made["centre_id"],
        "version": 1,
        "centre": made["name"],
        "region": "130102",
        "status": "open",
    }


def test_a_closed_centre_stays_with_its_reason(service: Training, said: Log) -> None:
    service.register_centre(a_centre(), PROVINCE)
    closed = service.close_centre({"credit_code": a_code(), "expected_version": 1, **REASON}, PROVINCE)
    assert (closed["status"], closed["version"]) == ("closed", 2)
    assert closed["history"][-1]["reason"] == "停止办学"
    assert [event.event for event in said()] == [public.CentreRegistered, public.CentreClosed]
    with pytest.raises(public.RegistrationChanged):
        service.close_centre({"credit_code": a_code(), "expected_version": 1, **REASON}, PROVINCE)
    with pytest.raises(public.CentreAlreadyClosed):
        service.close_centre({"credit_code": a_code(), **REASON}, PROVINCE)
    with pytest.raises(public.CentreAlreadyRegistered):
        service.register_centre(a_centre(), PROVINCE)
    with pytest.raises(public.CentreNotFound):
        service.close_centre({"credit_code": a_code(2), **REASON}, PROVINCE)


def test_a_filing_grows_is_withdrawn_and_each_step_says_all_of_it(service: Training, said: Log) -> None:
    first = service.file_assessor(a_filing(), PROVINCE)
    service.file_assessor(a_filing(number_prefix="Y999913000001"), PROVINCE)
    gone = service.withdraw_filing({"credit_code": a_code(), "reason": "不再符合条件"}, PROVINCE)
    today = clock.day_of(clock.now()).isoformat()
    assert (gone["status"], gone["version"], gone["valid_until"]) == ("withdrawn", 3, today)
    assert gone == service.assessor(a_code(), READER)
    told = [(event.event, event.data["version"], event.data["number_prefixes"]) for event in said()]
    both = ["Y999913000000", "Y999913000001"]
    assert told == [
        (public.AssessorFiled, 1, both[:1]),
        (public.AssessorChanged, 2, both),
        (public.AssessorWithdrawn, 3, both),
    ]
    assert {event.subject for event in said()} == {first["assessor_id"]}
    with pytest.raises(public.FilingAlreadyWithdrawn):
        service.withdraw_filing({"credit_code": a_code(), "reason": "不再符合条件"}, PROVINCE)
    with pytest.raises(public.AssessorNotFound):
        service.withdraw_filing({"credit_code": a_code(2), "reason": "不再符合条件"}, PROVINCE)


def test_a_refused_filing_leaves_nothing_behind(service: Training, said: Log) -> None:
    with pytest.raises(public.AssessorInvalid):
        service.file_assessor(a_filing(kind="S"), PROVINCE)
    for wrong in ({"number_prefix": "Y99"}, {"valid_from": 2022}, {"shoe_size": 42}, {"kind": "X"}):
        with pytest.raises(Invalid):
            service.file_assessor(a_filing() | wrong, PROVINCE)
    assert said() == []
    with pytest.raises(public.AssessorNotFound):
        service.assessor(a_code(), PROVINCE)


def test_two_bodies_cannot_file_one_prefix(service: Training, said: Log) -> None:
    service.file_assessor(a_filing(1), PROVINCE)
    with pytest.raises(public.NumberPrefixTaken):
        service.file_assessor(a_filing(2, name="另一家评价中心"), PROVINCE)
    assert len(said()) == 1


def test_of_many_who_file_one_prefix_at_once_one_succeeds(service: Training, said: Log) -> None:
    outcomes, barrier = [], threading.Barrier(6)

    def file(number: int) -> None:
        barrier.wait()
        try:
            service.file_assessor(a_filing(number), PROVINCE)
            outcomes.append("filed")
        except Refused as refused:
            outcomes.append(refused.code)

    threads = [threading.Thread(target=file, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["filed"] + ["number_prefix_taken"] * 5
    assert len(said()) == 1


def test_the_same_command_told_twice_does_it_once_and_is_answered_the_same(service: Training, said: Log) -> None:
    told: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (service.register_centre, a_centre(command_id="k1")),
        (service.file_assessor, a_filing(command_id="k2")),
        (service.withdraw_filing, {"credit_code": a_code(), "reason": "不再符合条件", "command_id": "k3"}),
        (service.close_centre, {"credit_code": a_code(), "reason": "停止办学", "command_id": "k4"}),
    ]
    for call, command in told:
        assert call(command, PROVINCE) == call(command, PROVINCE)
    assert len(said()) == 4


def test_a_command_id_used_for_something_else_is_refused(service: Training, said: Log) -> None:
    service.register_centre(a_centre(1, command_id="k1"), PROVINCE)
    with pytest.raises(CommandReused):
        service.register_centre(a_centre(2, command_id="k1"), PROVINCE)
    with pytest.raises(CommandReused):
        service.close_centre({"credit_code": a_code(1), "reason": "停止办学", "command_id": "k1"}, PROVINCE)
    assert len(said()) == 1


@pytest.mark.parametrize("actor", [CITY, CENTRE, READER, OUTSIDER], ids=["city", "centre", "reader", "outsider"])
def test_only_the_province_keeps_centres_and_filings(service: Training, actor: dict[str, Any]) -> None:
    for call, command in (
        (service.register_centre, a_centre()),
        (service.file_assessor, a_filing()),
        (service.close_centre, {"credit_code": a_code(), "reason": "停止办学"}),
        (service.withdraw_filing, {"credit_code": a_code(), "reason": "停止办学"}),
    ):
        with pytest.raises(public.CentresNotAllowed):
            call(command, actor)


def test_one_sees_the_centres_of_ones_region_and_every_filing(service: Training) -> None:
    service.register_centre(a_centre(1, region="130102"), PROVINCE)
    service.register_centre(a_centre(2, region="130202"), PROVINCE)
    service.file_assessor(a_filing(), PROVINCE)
    assert [each["region"] for each in service.centres(CITY)["items"]] == ["130102"]
    assert [each["region"] for each in service.centres(READER, region="130200")["items"]] == ["130202"]
    assert service.centres(CITY, region="130200") == {"items": [], "next": None}
    with pytest.raises(public.CentreNotFound):
        service.centre(a_code(2), CITY)
    assert len(service.assessors(CITY)["items"]) == 1
    for call in (service.centres, service.assessors):
        with pytest.raises(public.CentresNotAllowed):
            call(OUTSIDER)
    for call in (service.centre, service.assessor):
        with pytest.raises(public.CentresNotAllowed):
            call(a_code(1), OUTSIDER)


def test_lists_go_on_where_the_page_before_ended(service: Training) -> None:
    for number in range(5):
        service.register_centre(a_centre(number), PROVINCE)
        service.file_assessor(
            a_filing(number, name=f"评价中心{number % 2}", number_prefix=f"Y99991300000{number}"), PROVINCE
        )
    for listed, key in ((service.centres, "centre_id"), (service.assessors, "assessor_id")):
        first = listed(PROVINCE, limit=3)
        rest = listed(PROVINCE, limit=3, after=first["next"])
        assert (len(first["items"]), len(rest["items"]), rest["next"]) == (3, 2, None)
        assert len({each[key] for each in first["items"] + rest["items"]}) == 5
    assert [each["name"] for each in service.assessors(PROVINCE, name=" 评价中心1 ")["items"]] == ["评价中心1"] * 2


def test_the_log_can_be_read_and_says_how_far_it_was_sent(service: Training, kept: store.Training) -> None:
    service.register_centre(a_centre(), PROVINCE)
    assert service.status() == {"head_seq": 0, "published_seq": 0, "unpublished": 1}
    kept.outbox.order(token=1)
    (item,) = service.events()["items"]
    assert (item["seq"], item["type"]) == (1, "training.centre_registered")
    assert service.events(after=1)["items"] == []


def test_names_of_before_are_read_again_once_and_filings_are_told_so(
    service: Training, kept: store.Training, said: Log
) -> None:
    service.file_assessor(a_filing(), PROVINCE)
    service.register_centre(a_centre(), PROVINCE)
    kept.store["assessors"].update_one({}, {"$set": {"name": "某某（石家庄） 评价中心"}})
    kept.store["centres"].update_one({}, {"$set": {"name": "某某（石家庄） 学校"}})
    kept.store["migrations"].delete_many({})  # as before there were any
    for _ in range(2):
        again = store.Training(service.settings)
        again.reread()
    assert [row["name"] for row in kept.store["assessors"].find()] == ["某某(石家庄)评价中心"]
    assert [row["name"] for row in kept.store["centres"].find()] == ["某某(石家庄)学校"]
    told = [event for event in said() if issubclass(event.event, public.AssessorEvent)]
    assert [(event.data["version"], event.data["assessor"]) for event in told][1:] == [(2, "某某(石家庄)评价中心")]
