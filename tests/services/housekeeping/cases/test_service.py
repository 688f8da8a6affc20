"""Housekeeping on a real database, through the calls that the gateway makes."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest

from contract import applications as cased
from contract import certification
from contract import housekeeping as public
from contract.errors import CommandReused, Refused
from contract.message import Said
from contract.words import Role
from runtime import config
from runtime.config import Config
from samples import people, stars
from samples.stars import Trade, applicant, evidence, office, reviewer
from services.housekeeping import clock, store
from services.housekeeping.awards import numbers
from services.housekeeping.service import Housekeeping
from services.housekeeping.store import timepiece

PROVINCE = office("130000")
DAY = dt.date(2023, 3, 1)
AFTER_NOTICE = dt.date(2023, 3, 11)


@pytest.fixture
def awarded(trade: Trade, look: Callable[[], int]) -> dict[str, Any]:
    """A base of five stars, awarded on 11 March 2023."""
    trade.set_time(DAY)
    application = trade.to_notice(trade.base(1), 95, 93)
    trade.set_time(AFTER_NOTICE)
    look()
    return trade.call("award", trade.award(application)["award_id"], PROVINCE)


def test_a_base_that_goes_all_the_way_is_awarded_once_and_told_once(
    awarded: dict[str, Any], said: Callable[[], list[Said]]
) -> None:
    (event,) = said()
    assert event.event is public.AwardGranted
    assert event.data["award_id"] == awarded["award_id"] == event.subject
    assert (event.data["stars"], event.data["awarded_on"]) == (5, AFTER_NOTICE)
    assert awarded["award_number"] in awarded["plaque"]


def test_nothing_personal_leaves_or_lies_open(trade: Trade, kept: store.Housekeeping) -> None:
    base = trade.base(1)
    fusao = trade.fusao(1, base)
    person, boss = people.resident(800_001), people.resident(900_001)
    everything = str([base, fusao, *kept.store["bases"].find(), *kept.store["fusao"].find()])
    for personal in (person.name, person.document_number, boss.name, people.phone(1), people.phone(800_001)):
        assert personal not in everything


def test_who_sees_a_person_in_full_says_why_and_is_recorded(trade: Trade, kept: store.Housekeeping) -> None:
    fusao = trade.fusao(1, trade.base(1))
    command = {"subject_kind": "fusao", "subject_key": fusao["person_key"], "reason": "核实授牌信息"}
    with pytest.raises(public.StarsNotAllowed):
        trade.call("reveal_subject", command, applicant("base-1"))
    assert trade.call("reveal_subject", command, PROVINCE)["name"] == people.resident(800_001).name
    (row,) = kept.store["reveals"].find()
    assert (row["about"], row["reason"]) == (fusao["person_key"], "核实授牌信息")


def test_a_fusao_is_the_same_person_as_on_her_certificates(
    trade: Trade, service: Housekeeping, kept: store.Housekeeping
) -> None:
    fusao = trade.fusao(1, trade.base(1))
    heard = {
        "certificate_id": "c" * 24, "version": 2, "person_key": fusao["person_key"], "occupation": "养老护理员",
        "level": "5", "issued_on": dt.date(2023, 2, 1), "region": "130102", "verification": "未核验",
    }  # fmt: skip
    for version, status in ((2, "revoked"), (1, "valid"), (2, "revoked")):
        data = heard | {"version": version, "status": status}
        service.on_certificate(
            Said(certification.CertificateRevoked, "a", "certification", "c", dt.datetime.now(dt.UTC), None, 1, data)
        )
    (held,) = trade.call("fusao", fusao["person_key"], PROVINCE)["certificates"]
    assert held["status"] == "revoked", "an older event changes nothing"
    assert kept.registry.valid_held_by(fusao["person_key"]) == 0


def test_the_same_command_again_is_answered_and_not_done_again(trade: Trade, kept: store.Housekeeping) -> None:
    base = trade.base(1)
    command = {"subject_kind": "base", "subject_key": base["base_id"], "channel": "organisation", "command_id": "k"}
    first = trade.call("open_application", command, applicant("base-1"))
    assert trade.call("open_application", command, applicant("base-1")) == first
    assert kept.store["cases"].count_documents({}) == 1
    with pytest.raises(CommandReused):
        trade.call("open_application", command | {"channel": "society"}, applicant("base-1"))


def test_a_subject_has_one_open_case_at_a_time(trade: Trade) -> None:
    base = trade.base(1)
    trade.apply(base)
    with pytest.raises(cased.CaseOpenAlready):
        trade.apply(base)


def test_a_code_or_a_person_is_registered_once(trade: Trade) -> None:
    base = trade.base(1)
    trade.fusao(1, base)
    with pytest.raises(public.SubjectAlreadyRegistered):
        trade.base(1)
    with pytest.raises(public.SubjectAlreadyRegistered):
        trade.fusao(1, base)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"credit_code": "91130000YY0000001!"}, "/credit_code"),
        ({"women": 999}, "/women"),
        ({"registered_on": "2999-01-01"}, "/registered_on"),
    ],
)
def test_particulars_that_cannot_be_are_refused_by_field(trade: Trade, changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(public.SubjectInvalid) as refused:
        trade.base(1, **changes)
    assert [error["pointer"] for error in refused.value.errors] == [pointer]


def test_nobody_registers_a_base_outside_their_region(trade: Trade) -> None:
    outside = stars.actor("x", Role.APPLICANT, "130200", "base-9")
    command = {
        "credit_code": stars.credit_code(9), "name": "某家政", "region": "130102", "led_by_a_woman": True,
        "legal_representative": {"name": "某人"}, "registered_on": "2018-01-01", "staff": 1, "women": 1, "employed": 1,
        "certified": 1,
    }  # fmt: skip
    with pytest.raises(cased.RegionNotYours):
        trade.call("register_base", command, outside)


def test_what_one_may_not_see_does_not_exist(trade: Trade) -> None:
    application = trade.apply(trade.base(1))
    for stranger in (applicant("base-2"), office("130200"), reviewer(1)):
        with pytest.raises(cased.CaseNotFound):
            trade.call("application", application["application_id"], stranger)
        assert trade.call("applications", stranger)["items"] == []
    assert trade.call("applications", office("130100"))["items"] == [
        trade.call("application", application["application_id"], office("130100"))
    ]


def test_a_young_base_led_by_a_man_with_few_women_learns_all_that_is_missing(trade: Trade) -> None:
    trade.set_time(DAY)
    base = trade.base(1, registered_on="2022-01-01", led_by_a_woman=False, women=5)
    with pytest.raises(cased.NotEligible) as refused:
        trade.submit(trade.apply(base))
    assert [error["code"] for error in refused.value.errors] == ["too_young", "women"]


def test_the_first_pass_is_blind_to_everybody_but_the_author(trade: Trade) -> None:
    trade.set_time(DAY)
    application = trade.apply(trade.base(1))
    trade.submit(application)
    trade.recommend(application)
    first, second = trade.seats(application)
    trade.review(application, 91)
    about = application["application_id"]

    def seen(who: dict[str, Any]) -> dict[str, Any]:
        return dict(trade.call("application", about, who))

    def sits(client_id: str) -> dict[str, Any]:
        return reviewer(int(client_id.removeprefix("reviewer-")))

    assert [review["total"] for review in seen(sits(first))["reviews"]] == ["91"]
    for who in (sits(second), PROVINCE, office("130100"), applicant("base-1")):
        assert seen(who)["reviews"] == []
        assert seen(who)["outcome"]["working"] == []
    assert first not in str(seen(sits(second))), "nor does one know who the other is"
    assert first not in str(seen(applicant("base-1")))


def test_a_city_s_quota_is_seen_and_kept(trade: Trade) -> None:
    trade.set_time(DAY)
    command = {"unit": "130100", "subject_kind": "base", "year": 2023, "places": 1, "reason": "年度名额"}
    trade.call("set_quota", command, PROVINCE)
    first, second = (trade.apply(trade.base(number)) for number in (1, 2))
    for application in (first, second):
        trade.submit(application)
    trade.recommend(first)
    with pytest.raises(cased.QuotaReached):
        trade.recommend(second)
    (quota,) = [q for q in trade.call("quotas", office("130102"), year=2023)["items"] if q["subject_kind"] == "base"]
    assert (quota["places"], quota["recommended"]) == (1, 1)


def test_two_cities_clerks_at_once_cannot_both_take_the_last_place(service: Housekeeping, trade: Trade) -> None:
    trade.set_time(DAY)
    command = {"unit": "130100", "subject_kind": "base", "year": 2023, "places": 1, "reason": "年度名额"}
    trade.call("set_quota", command, PROVINCE)
    waiting = []
    for number in (1, 2):
        application = trade.apply(trade.base(number))
        trade.submit(application)
        for step in ("accept", "pass_county"):
            trade.move(application, step, office("130102"))
        waiting.append(application)
    outcomes: list[str] = []

    def recommend(application: dict[str, Any]) -> None:
        try:
            outcomes.append(trade.move(application, "recommend", office("130100"))["state"])
        except Refused as refused:
            outcomes.append(refused.code)

    together(*(lambda a=application: recommend(a) for application in waiting))
    assert sorted(outcomes) == ["provincial_review", "quota_reached"]


def together(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_two_reviewers_who_act_on_the_same_version_one_wins_and_the_other_is_told_the_state(trade: Trade) -> None:
    trade.set_time(DAY)
    application = trade.apply(trade.base(1))
    trade.submit(application)
    version = trade.recommend(application)["version"]
    results: list[Any] = []

    def score(client_id: str) -> None:
        command = {
            "application_id": application["application_id"], "marks": stars.marks("base", 92), "note": "评语",
            "expected_version": version,
        }  # fmt: skip
        try:
            results.append(trade.call("submit_review", command, reviewer(int(client_id.removeprefix("reviewer-")))))
        except cased.CaseChanged as refused:
            results.append(refused)

    together(*(lambda c=client: score(c) for client in trade.seats(application)))
    (lost,) = [result for result in results if isinstance(result, cased.CaseChanged)]
    assert lost.status == 412
    assert lost.facts == {"version": version + 1, "state": "provincial_review"}


def test_a_gap_over_ten_brings_a_third_reviewer_and_the_working_shows_it(trade: Trade) -> None:
    trade.set_time(DAY)
    application = trade.apply(trade.base(1))
    trade.submit(application)
    trade.recommend(application)
    answer = trade.review(application, 95, 70, 91)
    assert (answer["outcome"]["score"], answer["outcome"]["stars"]) == ("93.00", 5)
    assert (
        any("third reviewer" in line for line in answer["outcome"]["working_en"]) or answer["outcome"]["third_called"]
    )


def test_notices_are_public_and_tell_no_more_than_they_must(trade: Trade) -> None:
    trade.set_time(DAY)
    fusao = trade.fusao(1, trade.base(1))
    trade.to_notice(fusao, 92, 91)
    (seen,) = trade.call("notices")["items"]
    assert seen["name"] == fusao["name"] != people.resident(800_001).name
    assert (seen["opened_on"], seen["ends_on"], seen["working_days"]) == ("2023-03-01", "2023-03-10", 7)
    assert fusao["person_key"] not in str(seen)


def test_anybody_may_object_and_only_the_inquiry_reads_it(trade: Trade, kept: store.Housekeeping) -> None:
    trade.set_time(DAY)
    application = trade.to_notice(trade.base(1), 92, 91)
    named = {"name": "某知情人", "phone": "15400000009", "evidence": []}
    objection = trade.object(application, **named)
    assert trade.call("application", application["application_id"], PROVINCE)["state"] == "inquiry"
    assert "某知情人" not in str([*kept.store["cases"].find(), *kept.store["objections"].find()])
    command = {
        "application_id": application["application_id"],
        "objection_id": objection["objection_id"],
        "reason": "核查异议来源",
    }
    assert trade.call("read_objection", command, PROVINCE)["phone"] == "15400000009"
    with pytest.raises(Refused):
        trade.call("read_objection", command, office("130100"))
    with pytest.raises(cased.ObjectionInvalid):
        trade.object(application, evidence=[])


def test_that_there_is_an_application_is_nobody_s_business_before_its_notice(trade: Trade) -> None:
    with pytest.raises(cased.CaseNotFound):
        trade.object(trade.apply(trade.base(1)))


def test_an_upheld_objection_is_appealed_to_other_reviewers_and_both_outcomes_stand_side_by_side(
    trade: Trade, look: Callable[[], int]
) -> None:
    trade.set_time(DAY)
    first = trade.to_notice(trade.fusao(1, trade.base(1)), 92, 91)
    declined = trade.inquire(first, trade.object(first), upheld=True)
    assert declined["state"] == "declined"
    again = trade.appeal(first)
    assert again["rubric"] == first["rubric"]
    assert not {*trade.seats(again)} & {*trade.seats(first)}
    trade.review(again, 85, 84)
    with pytest.raises(cased.NotYourOffice):
        trade.open_notice(again)
    trade.open_notice(again, clerk=2)
    trade.set_time(AFTER_NOTICE)
    look()
    done = trade.award(again, clerk=2)
    assert done["state"] == "awarded"
    (beside,) = done["beside"]
    assert (beside["application_id"], beside["state"], beside["outcome"]["stars"]) == (
        first["application_id"], "declined", 5
    )  # fmt: skip
    with pytest.raises(cased.AppealNotAllowed):
        trade.appeal(first)


def test_no_way_leads_to_the_award_but_the_clock_s(trade: Trade) -> None:
    trade.set_time(DAY)
    application = trade.to_notice(trade.base(1), 92, 91)
    for transition in ("award", "notice_expired", "object", "notice_resumed"):
        with pytest.raises((cased.TransitionNotAllowed, cased.NotYourOffice)):
            trade.move(application, transition, PROVINCE)


def test_a_cure_window_closes_itself_even_after_a_long_stop(trade: Trade, look: Callable[[], int]) -> None:
    trade.set_time(DAY)
    application = trade.apply(trade.base(1))
    trade.submit(application)
    trade.move(application, "send_back", office("130102"), reason="缺少员工名册")
    trade.set_time(dt.date(2023, 9, 1))
    assert look() == 1
    closed = trade.call("application", application["application_id"], PROVINCE)
    assert (closed["state"], closed["history"][-1]["by"]) == ("closed", "clock")
    assert look() == 0


def test_a_notice_runs_over_spring_festival(trade: Trade, look: Callable[[], int]) -> None:
    trade.set_time(dt.date(2023, 1, 18))
    application = trade.to_notice(trade.base(1), 92, 91)
    for day, state in ((dt.date(2023, 1, 31), "on_notice"), (dt.date(2023, 2, 1), "on_notice")):
        trade.set_time(day, hour=23)
        look()
        assert trade.call("application", application["application_id"], PROVINCE)["state"] == state
    trade.set_time(dt.date(2023, 2, 2), hour=0)
    look()
    assert trade.call("application", application["application_id"], PROVINCE)["state"] == "notice_ended"


def test_a_late_holiday_notice_reckons_running_cases_anew(trade: Trade) -> None:
    trade.set_time(DAY)
    application = trade.to_notice(trade.base(1), 92, 91)
    days = [{"day": "2023-03-08", "working": False}, {"day": "2023-03-09", "working": False}]
    answer = trade.call("record_holiday_notice", {"document": "示例通知〔2023〕1号", "days": days}, PROVINCE)
    assert answer["recomputed"] == 1
    seen = trade.call("application", application["application_id"], PROVINCE)
    assert seen["notices"][-1]["window"]["ends_on"] == "2023-03-14"
    assert seen["history"][-1]["transition"] == "reckon"


def test_an_award_lapses_at_its_day_by_the_clock_and_says_so(
    awarded: dict[str, Any], trade: Trade, look: Callable[[], int], said: Callable[[], list[Said]]
) -> None:
    trade.set_time(dt.date(2026, 3, 10), hour=23)
    look()
    assert trade.call("award", awarded["award_id"], PROVINCE)["status"] == "valid"
    trade.set_time(dt.date(2026, 4, 1))
    look()
    last = said()[-1]
    assert last.event is public.AwardLapsed
    assert last.data["effective_on"] == dt.date(2026, 3, 11), "found late, dated right"
    found = trade.call("award", awarded["award_id"], PROVINCE)
    assert [check["opened_on"] for check in found["checks"]] == ["2024-03-11", "2025-03-11"]
    assert all(check["overdue"] for check in found["checks"])


def test_a_downgrade_and_a_revocation_are_told_with_the_whole_standing(
    awarded: dict[str, Any], trade: Trade, said: Callable[[], list[Said]]
) -> None:
    trade.change(awarded["award_id"], "lower", stars=2)
    trade.change(awarded["award_id"], "revoke")
    told = said()[1:]
    assert [event.event for event in told] == [public.AwardLowered, public.AwardRevoked]
    assert [(event.data["stars"], event.data["status"]) for event in told] == [(2, "valid"), (2, "revoked")]
    assert {event.data["awarded_on"] for event in told} == {AFTER_NOTICE}


def test_an_award_is_changed_on_evidence_by_the_province_and_on_the_version_that_was_read(
    awarded: dict[str, Any], trade: Trade
) -> None:
    command = {"award_id": awarded["award_id"], "change": "suspend", "reason": "投诉核查"}
    with pytest.raises(cased.EvidenceMissing):
        trade.call("change_award", command, PROVINCE)
    command["evidence"] = [evidence("report")]
    with pytest.raises(cased.NotYourOffice):
        trade.call("change_award", command, office("130100"))
    with pytest.raises(public.AwardChangedMeanwhile):
        trade.call("change_award", command | {"expected_version": 7}, PROVINCE)
    assert trade.call("change_award", command | {"expected_version": 1}, PROVINCE)["status"] == "suspended"


def test_more_stars_come_by_a_case_of_their_own_and_raise_the_same_award(
    trade: Trade, look: Callable[[], int], said: Callable[[], list[Said]]
) -> None:
    trade.set_time(DAY)
    base = trade.base(1)
    first = trade.to_notice(base, 75, 74)
    trade.set_time(AFTER_NOTICE)
    look()
    three = trade.award(first)["award_id"]
    second = trade.to_notice(base, 95, 94)
    trade.set_time(dt.date(2023, 4, 1))
    look()
    assert trade.award(second)["award_id"] == three
    assert [event.event for event in said()] == [public.AwardGranted, public.AwardRaised]
    assert said()[-1].data["awarded_on"] == AFTER_NOTICE


def test_a_base_that_moves_takes_neither_award_nor_case_with_it(awarded: dict[str, Any], trade: Trade) -> None:
    move = {"base_id": awarded["subject_key"], "region": "130202", "reason": "迁址"}
    assert trade.call("move_base", move, PROVINCE)["region"] == "130202"
    found = trade.call("award", awarded["award_id"], PROVINCE)
    assert (found["region"], found["status"]) == ("130102", "valid")
    assert found["matters"][0]["kind"] == "moved"
    settle = {"award_id": awarded["award_id"], "decision": "keep", "reason": "经核实继续有效"}
    assert trade.call("settle_award", settle, PROVINCE)["matters"][0]["decision"] == "keep"


def test_a_merged_base_applies_for_nothing_and_its_fusao_s_cases_wait(trade: Trade) -> None:
    trade.set_time(DAY)
    gone, heir = trade.base(1), trade.base(2)
    application = trade.apply(trade.fusao(1, gone))
    merge = {"base_id": gone["base_id"], "merged_into": heir["base_id"], "reason": "合并重组"}
    assert trade.call("move_base", merge, PROVINCE)["status"] == "merged"
    with pytest.raises(public.SubjectNotActive):
        trade.apply(gone)
    seen = trade.call("application", application["application_id"], PROVINCE)
    assert seen["matters"][0]["detail"]["to"] == heir["base_id"]
    settle = {"application_id": application["application_id"], "decision": "end", "reason": "重新申报"}
    assert trade.call("settle_application", settle, office("130102"))["state"] == "withdrawn"


def recognise(trade: Trade, base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    command = {
        "subject_kind": "base", "subject_key": base["base_id"], "brand": "燕赵福嫂·石家庄",
        "document": "石妇字〔2023〕9号", "stars": 3, "notice_opened_on": "2023-02-01", "notice_ended_on": "2023-02-10",
        "awarded_on": "2023-02-13", "reason": "市级认定", "evidence": [evidence("decision")],
    }  # fmt: skip
    return dict(trade.call("recognise_by_city", command | changes, office("130100")))


def test_a_city_s_own_star_and_the_province_s_are_told_of_the_same_subject(
    awarded: dict[str, Any], trade: Trade, said: Callable[[], list[Said]]
) -> None:
    base = trade.call("base", awarded["subject_key"], PROVINCE)
    recognise(trade, base)
    assert {event.data["subject_key"] for event in said()} == {base["base_id"]}
    assert [event.data["recognised_by"] for event in said()] == ["province", "city"]


def test_a_city_s_star_needs_a_whole_notice_of_the_city_s_too(trade: Trade) -> None:
    trade.set_time(DAY)
    base = trade.base(1)
    for short in ({"notice_ended_on": "2023-02-09"}, {"awarded_on": "2023-02-10"}, {"awarded_on": "2024-01-01"}):
        with pytest.raises(public.CityNoticeTooShort):
            recognise(trade, base, **short)


def test_verification_has_three_answers(awarded: dict[str, Any], trade: Trade) -> None:
    def verdict(**asked: Any) -> tuple[str, str]:
        found = trade.call("verify_award", **asked)
        return found["verdict"], found["because"]

    number = awarded["award_number"]
    assert verdict(number=number.lower()) == ("valid", "valid")
    assert verdict(qr=awarded["qr"]) == ("valid", "valid")
    assert verdict(qr=f"{number}~0123456789abcdef") == ("not_valid", "forged")
    assert verdict(number="JD2023") == ("cannot_tell", "unreadable")
    assert verdict(number=numbers.number("JD2023130102", 99)) == ("not_valid", "unknown")
    assert verdict(number=numbers.number("JD2019130102", 1)) == ("cannot_tell", "before_register")
    trade.change(awarded["award_id"], "suspend")
    assert verdict(number=number) == ("not_valid", "suspended")
    assert trade.call("verify_award", number=number)["award"] is None


def test_the_public_list_holds_what_is_valid_and_masks_it(awarded: dict[str, Any], trade: Trade) -> None:
    (seen,) = trade.call("public_awards", region="130100")["items"]
    assert seen["award_number"] != awarded["award_number"]
    assert trade.call("public_awards", region="130200")["items"] == []
    trade.change(awarded["award_id"], "revoke")
    assert trade.call("public_awards")["items"] == []


def test_who_declares_an_interest_loses_the_seat(trade: Trade) -> None:
    trade.set_time(DAY)
    base = trade.base(1)
    application = trade.apply(base)
    trade.submit(application)
    trade.recommend(application)
    first = trade.seats(application)[0]
    command = {"subject_kind": "base", "subject_key": base["base_id"], "reason": "近亲属任职"}
    trade.call("declare_interest", command, reviewer(int(first.removeprefix("reviewer-"))))
    assert first not in trade.seats(application)
    assert len(trade.seats(application)) == 2


def test_lists_go_on_where_they_stopped(trade: Trade) -> None:
    ids = [trade.apply(trade.base(number))["application_id"] for number in range(1, 6)]
    first = trade.call("applications", PROVINCE, limit=2)
    second = trade.call("applications", PROVINCE, after=first["next"], limit=3)
    assert [item["application_id"] for item in (*first["items"], *second["items"])] == ids
    assert second["next"] is None


def test_the_clock_is_led_by_one_at_a_time(settings: Config, trade: Trade) -> None:
    stop = threading.Event()
    clocks = [clock.Clock(settings, pause=0.05) for _ in range(2)]
    threads = [threading.Thread(target=each.run, args=(stop,)) for each in clocks]
    trade.set_time(DAY)
    application = trade.apply(trade.base(1))
    trade.submit(application)
    trade.move(application, "send_back", office("130102"), reason="缺少员工名册")
    trade.set_time(dt.date(2023, 4, 1))
    for thread in threads:
        thread.start()
    deadline = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=20)
    while trade.call("status")["due"] and dt.datetime.now(dt.UTC) < deadline:
        stop.wait(0.05)
    leading = [each.ready()["leading"] for each in clocks]
    stop.set()
    for thread in threads:
        thread.join()
    closed = trade.call("application", application["application_id"], PROVINCE)
    assert [step["transition"] for step in closed["history"]].count("cure_expired") == 1
    assert sorted(leading) == ["no", "yes"]


def test_in_production_time_is_nobody_s_to_set(space: dict[str, str]) -> None:
    production = config.read({**space, "APP_ENV": "production"})
    with pytest.raises(PermissionError):
        timepiece.set_to(production, dt.datetime(2023, 1, 1, tzinfo=dt.UTC))
