"""Moves on a real database, through the calls that the gateway makes."""

from collections.abc import Callable
from typing import Any

import pytest

from contract import housekeeping as public
from contract.applications import EvidenceMissing, NotYourOffice
from samples.stars import Trade, office
from tests.interleaved import interleaved
from tests.services.housekeeping.builders import DAY
from tests.services.housekeeping.callers import PROVINCE


def test_a_base_that_moves_takes_neither_award_nor_case_with_it(awarded: dict[str, Any], trade: Trade) -> None:
    assert trade.confirm_move(trade.propose_move(awarded["subject_key"], region="130202"))["region"] == "130202"
    found = trade.call("award", awarded["award_id"], PROVINCE)
    assert (found["region"], found["status"]) == ("130102", "valid")
    assert found["matters"][0]["kind"] == "moved"
    settle = {"award_id": awarded["award_id"], "decision": "keep", "reason": "经核实继续有效"}
    assert trade.call("settle_award", settle, PROVINCE)["matters"][0]["decision"] == "keep"


def test_a_merged_base_applies_for_nothing_and_its_fusao_s_cases_wait(trade: Trade) -> None:
    trade.set_time(DAY)
    gone, heir = trade.base(1), trade.base(2)
    application = trade.apply(trade.fusao(1, gone))
    assert merging(trade, gone, heir)()["status"] == "merged"
    with pytest.raises(public.SubjectNotActive):
        trade.apply(gone)
    seen = trade.call("application", application["application_id"], PROVINCE)
    assert seen["matters"][0]["detail"]["to"] == heir["base_id"]
    settle = {"application_id": application["application_id"], "decision": "end", "reason": "重新申报"}
    assert trade.call("settle_application", settle, office("130102"))["state"] == "withdrawn"


@pytest.mark.parametrize("merger", [True, False])
def test_a_base_moves_when_a_second_person_of_the_city_that_receives_it_or_of_the_province_confirms_it(
    awarded: dict[str, Any], trade: Trade, merger: bool
) -> None:
    """Until then nothing of its award changes; and who proposed it is not the second person."""
    base_id, mine = awarded["subject_key"], office("130100")
    where = {"merged_into": trade.base(2, region="130202")["base_id"]} if merger else {"region": "130202"}
    command = {"base_id": base_id, "reason": "迁址或合并", **where}
    with pytest.raises(EvidenceMissing):
        trade.call("move_base", command, mine)
    command["evidence"] = [trade.evidence("licence", base_id)]
    proposed = trade.call("move_base", command, mine)
    assert (proposed["region"], proposed["status"], proposed["proposed"]["region"]) == ("130102", "active", "130202")
    with pytest.raises(public.BaseMoveNotAllowed):
        trade.call("move_base", command, PROVINCE)
    for nobody_else in (mine, office("130100", 2), office("130102"), office("130202")):
        with pytest.raises(NotYourOffice):
            trade.confirm_move(proposed, who=nobody_else)
    with pytest.raises(public.SubjectNotFound):
        trade.confirm_move(proposed, who=office("130300"))
    assert verdict(trade, awarded) == "valid"
    assert trade.call("award", awarded["award_id"], PROVINCE)["matters"] == []

    assert waiting(trade, office("130200")) == waiting(trade, mine) == [base_id]
    assert waiting(trade, office("130300")) == []
    (item,) = command["evidence"]
    assert trade.call("base_file", base_id, item["file_id"], office("130200"))["sha256"] == item["sha256"]
    done = trade.confirm_move(proposed, who=office("130200"))
    assert (done["proposed"], done["history"][-1]["what"]) == (None, "merged" if merger else "moved")
    assert done["history"][-1]["evidence"] == command["evidence"]
    assert verdict(trade, awarded) == "cannot_tell"
    assert waiting(trade, PROVINCE) == []
    with pytest.raises(public.BaseMoveNotAllowed):
        trade.confirm_move(done)


def test_a_move_that_is_refused_changes_nothing_and_may_be_proposed_anew(awarded: dict[str, Any], trade: Trade) -> None:
    proposed = trade.propose_move(awarded["subject_key"], region="130202")
    with pytest.raises(NotYourOffice):
        trade.confirm_move(proposed, who=PROVINCE)
    refused = trade.confirm_move(proposed, "refuse")
    assert (refused["region"], refused["proposed"]) == ("130102", None)
    assert verdict(trade, awarded) == "valid"
    assert trade.propose_move(awarded["subject_key"], region="130203")["proposed"]["region"] == "130203"


def test_a_fusao_s_change_of_employer_rests_on_a_file_that_was_handed_in(trade: Trade) -> None:
    trade.set_time(DAY)
    hers, other = trade.fusao(1, trade.base(1)), trade.base(2)
    command = {"person_key": hers["person_key"], "employer": other["base_id"], "reason": "转岗"}
    with pytest.raises(EvidenceMissing):
        trade.call("move_fusao", command, PROVINCE)
    item = trade.evidence("contract")
    moved = trade.call("move_fusao", command | {"evidence": [item]}, PROVINCE)
    assert (moved["employer"], moved["history"][-1]["evidence"]) == (other["base_id"], [item])
    found = trade.call("fusao_file", hers["person_key"], item["file_id"], PROVINCE)
    assert found == {"file_id": item["file_id"], "sha256": item["sha256"]}


def verdict(trade: Trade, award: dict[str, Any]) -> Any:
    return trade.call("verify_award", number=award["award_number"])["verdict"]


def waiting(trade: Trade, who: dict[str, Any]) -> list[str]:
    return [each["base_id"] for each in trade.call("bases", who, awaits="decision")["items"]]


def merging(trade: Trade, gone: dict[str, Any], heir: dict[str, Any]) -> Callable[[], Any]:
    """What confirms the merger, which is proposed."""
    proposed = trade.propose_move(gone["base_id"], merged_into=heir["base_id"])
    return lambda: trade.confirm_move(proposed)


def relocating(trade: Trade, base: dict[str, Any]) -> Callable[[], Any]:
    proposed = trade.propose_move(base["base_id"], region="130102")
    return lambda: trade.confirm_move(proposed)


def applies(trade: Trade, subject: dict[str, Any]) -> Callable[[], Any]:
    return lambda: trade.apply(subject)


def is_recognised(trade: Trade, subject: dict[str, Any]) -> Callable[[], Any]:
    reported = trade.recognise(subject)
    return lambda: trade.decide(reported)


def at_once(held: str, one: Callable[[], Any], other: Callable[[], Any]) -> tuple[Any, Any]:
    """What came of ``one``, and of ``other``."""
    return interleaved(one, other) if held == "one" else interleaved(other, one)[::-1]


@pytest.mark.parametrize("held", ["one", "other"])
@pytest.mark.parametrize("ask", [applies, is_recognised])
def test_of_a_base_that_merges_while_it_asks_nothing_is_left_that_nobody_settles(
    trade: Trade, ask: Callable[..., Any], held: str
) -> None:
    trade.set_time(DAY)
    gone, heir = trade.base(1), trade.base(2)
    asked, merged = at_once(held, ask(trade, gone), merging(trade, gone, heir))
    assert merged["status"] == "merged"
    if not isinstance(asked, public.SubjectNotActive):
        assert kinds_of_matters(trade, asked) == ["merged"]


@pytest.mark.parametrize("held", ["one", "other"])
@pytest.mark.parametrize("ask", [applies, is_recognised])
def test_who_asks_while_her_employer_moves_asks_at_the_new_place_or_waits_for_a_decision(
    trade: Trade, ask: Callable[..., Any], held: str
) -> None:
    trade.set_time(DAY)
    employer = trade.base(1, region="130104")
    hers = trade.fusao(1, employer)
    asked, moved = at_once(held, ask(trade, hers), relocating(trade, employer))
    if isinstance(asked, public.AwardChangeNotAllowed):
        return  # her city reports it anew, from where she is now
    assert moved["region"] == asked["region"] == "130102" or kinds_of_matters(trade, asked) == ["moved"]


@pytest.mark.parametrize("held", ["one", "other"])
def test_nobody_is_taken_on_by_a_base_that_merges_at_that_moment(trade: Trade, held: str) -> None:
    trade.set_time(DAY)
    gone, heir, here = trade.base(1), trade.base(2), trade.base(3)
    hers = trade.fusao(1, here)

    def change_employer() -> Any:
        command = {"person_key": hers["person_key"], "employer": gone["base_id"], "reason": "转岗"}
        command["evidence"] = [trade.evidence("contract")]
        return trade.call("move_fusao", command, PROVINCE)

    application = trade.apply(hers)
    taken_on, merged = at_once(held, change_employer, merging(trade, gone, heir))
    assert merged["status"] == "merged"
    if not isinstance(taken_on, public.SubjectNotActive):
        assert kinds_of_matters(trade, application) == ["moved", "merged"]


@pytest.mark.parametrize("held", ["one", "other"])
def test_who_is_registered_with_a_base_that_moves_at_that_moment_moves_with_it(trade: Trade, held: str) -> None:
    trade.set_time(DAY)
    employer = trade.base(1, region="130104")
    registered, moved = at_once(held, lambda: trade.fusao(1, employer), relocating(trade, employer))
    assert moved["region"] == "130102"
    assert trade.call("fusao", registered["person_key"], PROVINCE)["region"] == "130102"


def test_of_two_bases_one_merges_into_the_other(trade: Trade) -> None:
    trade.set_time(DAY)
    one, other = trade.base(1), trade.base(2)
    first, second = interleaved(merging(trade, one, other), merging(trade, other, one))
    assert isinstance(first, public.SubjectNotActive)
    assert second["status"] == "merged"


def kinds_of_matters(trade: Trade, asked: dict[str, Any]) -> list[str]:
    method, key = ("award", "award_id") if asked.get("award_id") else ("application", "application_id")
    return [matter["kind"] for matter in trade.call(method, asked[key], PROVINCE)["matters"]]
