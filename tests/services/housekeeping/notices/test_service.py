"""Notices on a real database, through the calls that the gateway makes."""

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest

from contract import applications as cased
from contract.errors import Invalid, Refused
from runtime.config import Config
from runtime.files import Files
from samples import people
from samples.stars import Trade, office
from services.housekeeping import store
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import AFTER_NOTICE, PROVINCE

Doc = dict[str, Any]
LAST_DAY = dt.date(2023, 3, 10)  # of a notice that began on DAY, a Friday
ANOTHER = office("130000", 2)


@pytest.fixture
def application(trade: Trade) -> Doc:
    """On notice from DAY on."""
    trade.set_time(DAY)
    return trade.to_notice(trade.base(1), 92, 91)


@pytest.fixture
def hand_in(settings: Config) -> Callable[[bytes], Doc]:
    def hand_in(content: bytes) -> Doc:
        stored = Files(settings).write(io.BytesIO(content), filename="a.jpg", limit=1000)
        return {"kind": "photo", "title": "照片", "sha256": stored.sha256, "file_id": stored.file_id}

    return hand_in


def state(trade: Trade, application: Doc) -> str:
    return str(trade.call("application", application["application_id"], PROVINCE)["state"])


def status(trade: Trade, received: Doc) -> Doc:
    return dict(trade.call("objection_status", {name: received[name] for name in ("objection_id", "receipt")}))


def appeal(trade: Trade, received: Doc, **more: Any) -> Doc:
    known = {name: received[name] for name in ("objection_id", "receipt")}
    return dict(trade.call("appeal_objection", {**known, "reason": "附工资条和聊天记录，请再核", **more}))


def anonymous(trade: Trade, application: Doc, evidence: list[Doc], **more: Any) -> Doc:
    return trade.object(application, name=None, phone=None, evidence=evidence, **more)


def test_notices_are_public_and_tell_no_more_than_they_must(trade: Trade) -> None:
    trade.set_time(DAY)
    fusao = trade.fusao(1, trade.base(1))
    application = trade.to_notice(fusao, 92, 91)
    (seen,) = trade.call("notices")["items"]
    assert seen["name"] == fusao["name"] != people.resident(800_001).name
    assert (seen["opened_on"], seen["ends_on"], seen["working_days"]) == ("2023-03-01", "2023-03-10", 7)
    assert fusao["person_key"] not in str(seen)
    assert seen["objections_received"] == 0
    trade.object(application, statement="她在前一家公司有三次被投诉的记录")
    (seen,) = trade.call("notices")["items"]
    assert (seen["objections_received"], seen["under_inquiry"]) == (1, False)
    assert "投诉" not in str(seen)


def test_an_objection_is_received_at_once_and_stops_nothing_until_it_is_admitted(
    trade: Trade, application: Doc, kept: store.Housekeeping
) -> None:
    received = trade.object(application, 9, sender="address:198.51.100.7")
    seen = trade.call("application", application["application_id"], PROVINCE)
    assert (seen["state"], seen["objections"][0]["state"], seen["objections"][0]["until"]) == (
        *("on_notice", "received", "2023-03-03"),
    )
    assert {"admit_objection", "refuse_objection"} <= {*seen["transitions"]}
    trade.admit(application, received)
    assert state(trade, application) == "inquiry"
    steps = [
        (step["transition"], step["by"], step["objection_id"])
        for step in trade.call("application", application["application_id"], PROVINCE)["history"][-2:]
    ]
    assert steps == [
        ("receive_objection", "public", received["objection_id"]),
        ("admit_objection", "fulian-130000", received["objection_id"]),
    ]
    written = str(
        [list(kept.store[name].find()) for name in ("cases", "objections", "objectors", "outbox", "commands")]
    )
    for personal in (people.resident(700_009).name, people.phone(700_009), "198.51.100.7", received["receipt"]):
        assert personal not in written


def test_only_the_inquiry_reads_what_an_objection_says_and_its_appeal(
    trade: Trade, application: Doc, hand_in: Callable[[bytes], Doc]
) -> None:
    received = trade.object(application, 9)
    trade.refuse(application, received)
    proof = hand_in(b"payslip")
    appeal(trade, received, evidence=[proof])
    command = {
        "application_id": application["application_id"],
        "objection_id": received["objection_id"],
        "reason": "核查异议来源",
    }
    opened = trade.call("read_objection", command, PROVINCE)
    assert opened["phone"] == people.phone(700_009)
    assert (opened["appeal"], opened["evidence"]) == ("附工资条和聊天记录，请再核", [proof])
    with pytest.raises(Refused):
        trade.call("read_objection", command, office("130100"))
    found = trade.call("evidence_file", application["application_id"], proof["file_id"], PROVINCE)
    assert found["sha256"] == proof["sha256"]


def test_who_gives_neither_a_name_nor_a_file_that_was_handed_in_is_not_heard(
    trade: Trade, application: Doc, hand_in: Callable[[bytes], Doc], kept: store.Housekeeping, settings: Config
) -> None:
    photo = hand_in(b"photo")
    unnamed = {name: photo[name] for name in ("kind", "title", "sha256")}
    invented = {**photo, "file_id": "0" * 24}
    for refused, given in (
        (cased.ObjectionInvalid, {"name": None, "phone": None}),
        (cased.ObjectionInvalid, {"phone": None}),
        (cased.ObjectionInvalid, {"name": None, "evidence": [photo]}),
        (Invalid, {"name": None, "phone": None, "evidence": [unnamed]}),
        (Invalid, {"name": None, "phone": None, "evidence": [invented]}),
        (Invalid, {"name": None, "phone": None, "evidence": [{**photo, "sha256": "0" * 64}]}),
        *((Invalid, {"phone": phone}) for phone in ("1", "12345678901", "0000", "call me", "1380000000")),
        *((Invalid, {"name": name}) for name in ("1", "某", "13800000000", "--")),
    ):
        with pytest.raises(refused):
            trade.object(application, **given)
    assert not kept.store["objections"].count_documents({})
    received = anonymous(trade, application, [photo])
    bound = Files(settings)._files.find_one({"_id": photo["file_id"]})
    assert bound is not None
    assert received["objection_id"] in str(bound["bound"])
    assert "expires_at" not in bound


def test_an_objection_that_no_officer_answers_is_admitted_after_two_working_days(
    trade: Trade, application: Doc, look: Callable[[], int]
) -> None:
    received = trade.object(application)
    trade.set_time(dt.date(2023, 3, 3), hour=23)
    look()
    assert status(trade, received)["state"] == "received"
    trade.set_time(dt.date(2023, 3, 4), hour=0)
    assert look() == 1
    seen = trade.call("application", application["application_id"], PROVINCE)
    assert (seen["state"], seen["objections"][0]["state"]) == ("inquiry", "open")
    last = seen["history"][-1]
    assert (last["transition"], last["by"], last["reason"]) == (
        *("objection_overdue", "clock", "2个工作日内未答复，视为受理"),
    )
    trade.set_time(AFTER_NOTICE)
    assert look() == 0
    assert state(trade, application) == "inquiry"


def test_an_officer_who_comes_too_late_finds_it_admitted(trade: Trade, application: Doc) -> None:
    """Also when the clock has not looked yet."""
    received = trade.object(application)
    trade.set_time(dt.date(2023, 3, 6))
    with pytest.raises(cased.ObjectionNotFound):
        trade.refuse(application, received)
    assert trade.inquire(application, received, upheld=False)["state"] == "on_notice"


def test_an_award_waits_for_an_objection_of_the_last_day_and_no_longer_than_its_times(
    trade: Trade, application: Doc, look: Callable[[], int]
) -> None:
    trade.set_time(LAST_DAY)
    received = trade.object(application)
    trade.set_time(AFTER_NOTICE)
    look()
    assert state(trade, application) == "on_notice"
    with pytest.raises(cased.TransitionNotAllowed):
        trade.award(application)
    with pytest.raises(cased.NoticeClosed):
        trade.object(application, 2)
    trade.set_time(dt.date(2023, 3, 14))
    trade.refuse(application, received)
    assert status(trade, received)["until"] == "2023-03-16"
    trade.set_time(dt.date(2023, 3, 16))
    look()
    assert state(trade, application) == "on_notice", "it may still be appealed"
    trade.set_time(dt.date(2023, 3, 17))
    look()
    with pytest.raises(cased.AppealNotAllowed):
        appeal(trade, received)
    assert trade.award(application)["state"] == "awarded"


def test_twenty_objections_from_one_address_do_not_hold_an_award(
    trade: Trade, application: Doc, look: Callable[[], int], hand_in: Callable[[bytes], Doc]
) -> None:
    taken, refused = [], []
    for number in range(20):
        more: Doc = {"sender": "address:198.51.100.7"}
        if number % 2:
            more |= {"name": None, "phone": None, "evidence": [hand_in(b"%d" % number)]}
        try:
            taken.append(trade.object(application, number, **more))
        except cased.ObjectionsTooMany as too_many:
            refused.append(too_many)
    assert (len(taken), len(refused)) == (3, 17)
    assert {each.status for each in refused} == {429}
    trade.object(application, 99, sender="address:203.0.113.9")
    assert state(trade, application) == "on_notice"
    seen = trade.call("application", application["application_id"], PROVINCE)
    assert len(seen["objections"]) == 4
    for objection in seen["objections"]:
        trade.refuse(application, objection)
    trade.set_time(AFTER_NOTICE)
    look()
    assert trade.award(application)["state"] == "awarded"


def test_one_person_and_one_sender_are_taken_so_often_a_day(trade: Trade) -> None:
    trade.set_time(DAY)
    on_notice = [trade.to_notice(trade.base(number), 92, 91) for number in range(1, 5)]
    phone = people.phone(700_001)
    for number, application in enumerate(on_notice[:3]):
        ways = (phone, f"+86 {phone}", f"{phone[:3]}-{phone[3:7]}-{phone[7:]}")
        for written in ways[: 2 if number < 2 else 1]:
            trade.object(application, phone=written)
    with pytest.raises(cased.ObjectionsTooMany):
        trade.object(on_notice[3])
    for application in on_notice[:3]:
        for number in range(2, 5):
            trade.object(application, number * 10 + int(application["region"][-1]), sender="client:partner")
        with pytest.raises(cased.ObjectionsTooMany):
            trade.object(application, 77, sender="client:partner")
    trade.object(on_notice[3], 78, sender="client:partner")
    with pytest.raises(cased.ObjectionsTooMany):
        trade.object(on_notice[3], 79, sender="client:partner")
    trade.set_time(DAY + dt.timedelta(days=1))
    trade.object(on_notice[3])
    trade.object(on_notice[3], 79, sender="client:partner")


def test_only_so_many_wait_on_one_notice_and_a_flood_without_names_leaves_room_for_names(
    trade: Trade, application: Doc, hand_in: Callable[[bytes], Doc]
) -> None:
    photo = hand_in(b"photo")
    for number in range(10):
        anonymous(trade, application, [photo], sender=f"address:198.51.100.{number}")
    with pytest.raises(cased.ObjectionsFull):
        anonymous(trade, application, [photo], sender="address:203.0.113.9")
    received = trade.object(application)
    first = trade.call("application", application["application_id"], PROVINCE)["objections"][0]
    trade.refuse(application, first)
    anonymous(trade, application, [photo], sender="address:203.0.113.9")
    assert status(trade, received)["state"] == "received"


def test_who_has_the_receipt_follows_the_objection_and_appeals_its_refusal_once(trade: Trade, application: Doc) -> None:
    received = trade.object(application)
    with pytest.raises(cased.AppealNotAllowed):
        appeal(trade, received)
    trade.refuse(application, received, ground="repeated")
    seen = status(trade, received)
    assert (seen["state"], seen["ground"], seen["answer"], seen["until"]) == (
        *("refused", "repeated", "没有可供核查的具体事实", "2023-03-03"),
    )
    assert seen["ground_name"].startswith("同一事项")
    assert appeal(trade, received)["state"] == "appealed"
    with pytest.raises(cased.AppealNotAllowed):
        appeal(trade, received)
    for answer in (trade.admit, trade.refuse):
        with pytest.raises(cased.NotYourOffice):
            answer(application, received)
    trade.refuse(application, received, clerk=2)
    assert status(trade, received)["state"] == "rejected"
    with pytest.raises(cased.AppealNotAllowed):
        appeal(trade, received)


def test_an_appeal_that_is_admitted_or_not_answered_opens_the_inquiry(
    trade: Trade, application: Doc, look: Callable[[], int]
) -> None:
    first, second = trade.object(application, 1), trade.object(application, 2)
    for received in (first, second):
        trade.refuse(application, received)
        appeal(trade, received)
    trade.admit(application, first, clerk=2)
    assert state(trade, application) == "inquiry"
    with pytest.raises(cased.NotYourOffice):
        trade.inquire(application, first, upheld=False)
    assert trade.inquire(application, first, upheld=False, clerk=2)["state"] == "on_notice"
    trade.set_time(AFTER_NOTICE)
    look()
    assert (state(trade, application), status(trade, second)["state"]) == ("inquiry", "open")
    assert trade.inquire(application, second, upheld=True, clerk=2)["state"] == "declined"
    seen = status(trade, second)
    assert (seen["state"], seen["finding"], seen["closed"]) == ("upheld", "经实地核查，情况属实", True)


def test_without_its_receipt_nobody_learns_that_there_is_an_objection(trade: Trade, application: Doc) -> None:
    received, other = trade.object(application, 1), trade.object(application, 2)
    trade.refuse(application, received)
    for forged in ({**received, "receipt": other["receipt"]}, {**received, "objection_id": "0" * 24}):
        with pytest.raises(cased.ObjectionNotFound):
            status(trade, forged)
        with pytest.raises(cased.ObjectionNotFound):
            appeal(trade, forged)


def test_who_objected_with_a_token_does_not_decide_on_the_objection(trade: Trade, application: Doc) -> None:
    received = trade.object(application, sender=f"client:{PROVINCE['client_id']}")
    for answer in (trade.admit, trade.refuse):
        with pytest.raises(cased.NotYourOffice):
            answer(application, received)
    trade.admit(application, received, clerk=2)
    with pytest.raises(cased.NotYourOffice):
        trade.inquire(application, received, upheld=True)


def test_an_objection_is_refused_on_a_ground_of_the_procedure_alone(trade: Trade, application: Doc) -> None:
    received = trade.object(application)
    with pytest.raises(cased.GroundUnknown) as refused:
        trade.refuse(application, received, ground="dislike")
    assert refused.value.errors[0]["pointer"] == "/ground"
    assert "no_facts" in refused.value.errors[0]["detail_en"]


def test_the_same_objection_that_the_broker_brings_twice_is_one_with_one_receipt(
    trade: Trade, application: Doc
) -> None:
    first, again = (trade.object(application, command_id="once") for _ in range(2))
    assert first == again
    assert len(trade.call("application", application["application_id"], PROVINCE)["objections"]) == 1


def test_an_application_of_before_goes_on_by_the_rule_of_now_and_what_was_under_inquiry_stays_so(
    trade: Trade, kept: store.Housekeeping, look: Callable[[], int]
) -> None:
    """As 0.2 left them: one on notice, one whose objection stopped it at once."""
    trade.set_time(DAY)
    quiet, disputed = (trade.to_notice(trade.base(number), 92, 91) for number in (1, 2))
    objection = trade.dispute(disputed)
    rows = kept.store["cases"]
    for row in list(rows.find()):
        row["procedure_version"] = "stars-1"
        for each in row["objections"]:
            each.pop("answer")
        row["history"] = [step for step in row["history"] if step["transition"] != "admit_objection"]
        for step in row["history"]:
            if step.pop("about", None):
                step |= {"transition": "object", "state": "inquiry"}
        rows.replace_one({"_id": row["_id"]}, row)
    kept.store["objections"].update_many({}, {"$unset": {"on": "", "person": "", "sender": ""}})
    seen = trade.call("application", disputed["application_id"], PROVINCE)
    assert (seen["state"], seen["objections"][0]["state"], seen["history"][-1]["name"]) == (
        *("inquiry", "open", "提出异议"),
    )
    assert trade.inquire(disputed, objection, upheld=False)["state"] == "on_notice"
    seen = trade.call("application", disputed["application_id"], PROVINCE)
    assert seen["procedure"] == "stars-2"
    assert "提出异议" in [step["name"] for step in seen["history"]]
    assert "stars-2接替stars-1" in [step.get("reason") for step in seen["history"]]

    trade.object(quiet)
    assert state(trade, quiet) == "on_notice", "nobody stops an older application either"
    trade.set_time(AFTER_NOTICE)
    look()
    assert (state(trade, quiet), state(trade, disputed)) == ("inquiry", "notice_ended")


def test_that_there_is_an_application_is_nobody_s_business_before_its_notice(trade: Trade) -> None:
    with pytest.raises(cased.CaseNotFound):
        trade.object(trade.apply(trade.base(1)))
