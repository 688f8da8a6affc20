"""Problems (问题台账): on the books, and off them only when somebody else has seen the proof."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from contract import matters as public
from contract.errors import CommandReused, Invalid
from contract.message import Said
from runtime import mongo
from runtime.config import Config
from services.inspections.service import Inspections
from services.targets.copies.matters import Matters, Problems
from tests.services.inspections.builders import DISPATCHER, INSPECTOR, PARTNER, TODAY
from tests.services.inspections.registers import (
    EDUCATION,
    ELSEWHERE,
    HOUSING,
    OWNER,
    REPORTER,
    REVIEWER,
    a_matter,
    handed_in,
)

OnDay = Callable[[dt.date], None]
TANGSHAN = {"region": "130202", "target_id": "7.1", "owner": "唐山市教育局"}


def asked(service: Inspections, matter: dict[str, Any], **more: Any) -> dict[str, Any]:
    command = {"matter_id": matter["matter_id"], "text": "资金已到位", **more}
    return service.ask_settlement(command, OWNER)


def settled(service: Inspections, matter: dict[str, Any], actor: dict[str, Any] = REVIEWER) -> dict[str, Any]:
    return service.settle_matter({"matter_id": matter["matter_id"], "text": "已核对拨款凭证"}, actor)


def test_a_problem_is_registered_worked_on_shown_to_be_mended_and_settled_by_another(
    service: Inspections, settings: Config, on_day: OnDay
) -> None:
    matter = service.register_matter(a_matter(), REPORTER)
    assert (matter["item"], matter["item_name"], matter["state"]) == (2, "城镇老旧小区改造工程", "挂账")
    service.update_matter({"matter_id": matter["matter_id"], "text": "已列入专项债券计划"}, OWNER)
    on_day(TODAY + dt.timedelta(days=20))
    proof = handed_in(settings)
    assert asked(service, matter, evidence=[proof])["state"] == "申请销账"
    done = settled(service, matter)
    assert (done["state"], done["settled_on"], done["late"], done["overdue"]) == ("销账", "2023-08-21", False, False)
    assert done["evidence"] == [proof]
    assert [(step["event"], step["organisation"]) for step in done["history"]] == [
        ("registered", REPORTER["organisation"]),
        ("updated", OWNER["organisation"]),
        ("settlement_asked", OWNER["organisation"]),
        ("settled", REVIEWER["organisation"]),
    ]
    assert service.matter_file(matter["matter_id"], proof["file_id"], REVIEWER) == {"sha256": proof["sha256"]}


def test_neither_who_asked_nor_the_owner_settles_it(service: Inspections) -> None:
    matter = service.register_matter(a_matter(), REPORTER)
    asked(service, matter)
    same_office = REVIEWER | {"client_id": "finance-reviewer", "organisation": OWNER["organisation"]}
    same_person = REVIEWER | {"client_id": OWNER["client_id"]}
    for actor in (OWNER, same_office, same_person):
        with pytest.raises(public.OwnSettlement):
            settled(service, matter, actor)
    with pytest.raises(public.MattersNotAllowed):
        settled(service, matter, REPORTER)
    assert settled(service, matter, INSPECTOR)["state"] == "销账"


def test_what_does_not_prove_it_leaves_it_on_the_books_and_the_reason_is_kept(service: Inspections) -> None:
    matter = service.register_matter(a_matter(), REPORTER)
    with pytest.raises(public.SettlementNotAsked):
        settled(service, matter)
    asked(service, matter)
    with pytest.raises(public.SettlementAskedAlready):
        asked(service, matter)
    command = {"matter_id": matter["matter_id"], "reason": "凭证金额不符"}
    returned = service.return_matter(command, REVIEWER)
    assert (returned["state"], returned["history"][-1]["text"]) == ("挂账", "凭证金额不符")
    assert asked(service, matter)["state"] == "申请销账"


def test_a_settled_problem_that_comes_back_is_reopened_with_a_new_day(service: Inspections, on_day: OnDay) -> None:
    matter = service.register_matter(a_matter(), REPORTER)
    command = {"matter_id": matter["matter_id"], "reason": "资金被挪用", "due_on": "2023-10-01"}
    with pytest.raises(public.MatterNotSettled):
        service.reopen_matter(command, REVIEWER)
    asked(service, matter)
    settled(service, matter)
    for change in (asked, settled):
        with pytest.raises(public.MatterSettledAlready):
            change(service, matter)
    with pytest.raises(public.MatterInvalid) as refused:
        service.reopen_matter(command | {"due_on": "2023-07-31"}, REVIEWER)
    assert refused.value.errors[0]["pointer"] == "/due_on"
    again = service.reopen_matter(command, REVIEWER)
    assert (again["state"], again["due_on"], again["settled_on"], again["late"]) == ("挂账", "2023-10-01", None, None)
    on_day(dt.date(2023, 10, 2))
    assert service.matter(matter["matter_id"], REPORTER)["overdue"] is True


def test_it_is_overdue_from_the_day_after_and_late_when_it_was_settled_then(
    service: Inspections, on_day: OnDay
) -> None:
    matter = service.register_matter(a_matter(due_on="2023-08-31"), REPORTER)
    on_day(dt.date(2023, 8, 31))
    assert service.matter(matter["matter_id"], REPORTER)["overdue"] is False
    on_day(dt.date(2023, 9, 1))
    assert service.matter(matter["matter_id"], REPORTER)["overdue"] is True
    assert [one["matter_id"] for one in service.matters(REPORTER, overdue=True)["items"]] == [matter["matter_id"]]
    assert service.matters(REPORTER, overdue=False)["items"] == []
    asked(service, matter)
    assert settled(service, matter)["late"] is True


def test_its_owner_is_chosen_from_the_plans_list_and_has_to_do_with_its_region(service: Inspections) -> None:
    for owner, meant in (
        ("省住建厅", "省住房城乡建设厅"),
        ("长安区财务局", "长安区财政局"),
        ("唐山市财政局", "130200"),
    ):
        with pytest.raises(public.MatterInvalid) as refused:
            service.register_matter(a_matter(owner=owner), REPORTER)
        (fault,) = refused.value.errors
        assert (fault["pointer"], fault["code"]) == ("/owner", "organisation_unknown")
        assert meant in fault["detail"]
    matter = service.register_matter(a_matter(owner="长安区财政局"), REPORTER)
    assert matter["owner"] == OWNER["organisation"], "the name by which its owner's accounts are known"
    assert asked(service, matter)["state"] == "申请销账"


def test_what_one_may_not_see_is_not_there_and_its_owner_sees_it_wherever_he_is(service: Inspections) -> None:
    matter = service.register_matter(a_matter(owner=EDUCATION["organisation"]), REPORTER)
    for actor in (REPORTER, HOUSING, EDUCATION, DISPATCHER, INSPECTOR):
        assert service.matter(matter["matter_id"], actor)["matter_id"] == matter["matter_id"]
        assert len(service.matters(actor)["items"]) == 1
    with pytest.raises(public.MatterNotFound):
        service.matter(matter["matter_id"], ELSEWHERE)
    with pytest.raises(public.MatterNotFound):
        service.update_matter({"matter_id": matter["matter_id"], "text": "无"}, ELSEWHERE)
    assert service.matters(ELSEWHERE)["items"] == []
    with pytest.raises(public.MattersNotAllowed):
        service.matters(PARTNER)
    other = service.register_matter(a_matter(), REPORTER)
    with pytest.raises(public.MatterNotFound):
        service.matter(other["matter_id"], EDUCATION)


def test_who_has_nothing_to_do_with_it_does_not_work_on_it(service: Inspections) -> None:
    matter = service.register_matter(a_matter(), REPORTER)
    with pytest.raises(public.MattersNotAllowed):
        service.update_matter({"matter_id": matter["matter_id"], "text": "无"}, HOUSING)
    assert service.update_matter({"matter_id": matter["matter_id"], "text": "已督办"}, DISPATCHER)["version"] == 2


def test_only_ones_own_region_and_department_may_be_registered(service: Inspections) -> None:
    for actor in (ELSEWHERE, EDUCATION):
        with pytest.raises(public.MattersNotAllowed):
            service.register_matter(a_matter(), actor)
    assert service.register_matter(a_matter(target_id=None, item=2), HOUSING)["target_id"] is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"target_id": None}, ("/target_id", "missing")),
        ({"target_id": "99.9"}, ("/target_id", "target_unknown")),
        ({"item": 3}, ("/item", "item_contradicts_target")),
        ({"target_id": None, "item": 21}, ("/item", "item_unknown")),
        ({"region": "北京市"}, ("/region", "region_unknown")),
        ({"due_on": "2023-07-31"}, ("/due_on", "past")),
        ({"kind": "人员"}, ("/kind", "choice")),
        ({"text": "联系人15400000001"}, ("/text", "personal_data")),
        ({"title": "130102199001011234"}, ("/title", "personal_data")),
    ],
)
def test_what_is_wrong_with_it_is_named(service: Inspections, changes: dict[str, Any], fault: tuple[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        service.register_matter(a_matter(**changes), REPORTER)
    assert [(error["pointer"], error["code"]) for error in refused.value.errors] == [fault]


def test_a_document_that_was_never_handed_in_proves_nothing(service: Inspections, settings: Config) -> None:
    matter = service.register_matter(a_matter(), REPORTER)
    there = handed_in(settings)
    for proof in (there | {"sha256": "0" * 64}, there | {"file_id": "0" * 24}):
        with pytest.raises(public.MatterInvalid) as refused:
            asked(service, matter, evidence=[there, proof])
        assert [error["pointer"] for error in refused.value.errors] == ["/evidence/1/file_id"]


def test_a_command_told_again_changes_nothing_and_a_stale_one_is_refused(service: Inspections) -> None:
    first = service.register_matter(a_matter(command_id="once"), REPORTER)
    assert service.register_matter(a_matter(command_id="once"), REPORTER)["matter_id"] == first["matter_id"]
    with pytest.raises(CommandReused):
        service.register_matter(a_matter(command_id="once", title="另一件"), REPORTER)
    service.update_matter({"matter_id": first["matter_id"], "text": "有进展", "expected_version": 1}, OWNER)
    with pytest.raises(public.MatterChanged):
        service.update_matter({"matter_id": first["matter_id"], "text": "有进展", "expected_version": 1}, OWNER)


def test_it_is_found_by_item_region_kind_state_and_owner_page_by_page(service: Inspections) -> None:
    made = [
        service.register_matter(a_matter(**changes), DISPATCHER)["matter_id"]
        for changes in ({}, {"region": "130104", "kind": "土地", "owner": "石家庄市桥西区自然资源局"}, TANGSHAN)
    ]
    found = {
        "region": (made[:2], {"region": "130100"}),
        "kind": ([made[1]], {"kind": "土地"}),
        "item": ([made[2]], {"item": 7}),
        "owner": ([made[2]], {"owner": "唐山市教育局"}),
        "state": ([], {"state": "销账"}),
        "target": (made[:2], {"target_id": "2.1"}),
    }
    for expected, query in found.values():
        assert [one["matter_id"] for one in service.matters(DISPATCHER, **query)["items"]] == expected
    page = service.matters(DISPATCHER, limit=2)
    assert ([one["matter_id"] for one in page["items"]], page["next"][:24]) == (made[:2], made[1])
    rest = service.matters(DISPATCHER, limit=2, after=page["next"])
    assert ([one["matter_id"] for one in rest["items"]], rest["next"]) == (made[2:], None)


def test_the_counts_are_those_of_the_list_by_item_and_region(service: Inspections, on_day: OnDay) -> None:
    first = service.register_matter(a_matter(due_on="2023-08-10"), REPORTER)
    service.register_matter(a_matter(), REPORTER)
    service.register_matter(a_matter(region="130104", owner="石家庄市桥西区财政局"), DISPATCHER)
    on_day(dt.date(2023, 8, 15))
    asked(service, first)
    (here,) = service.matter_counts(REPORTER)["items"]
    assert here == {
        "item": 2,
        "region": "130102",
        "region_name": "河北省石家庄市长安区",
        "open": 2,
        "settlement_asked": 1,
        "overdue": 1,
        "settled": 0,
        "settled_late": 0,
    }
    settled(service, first)
    after = {one["region"]: one for one in service.matter_counts(DISPATCHER, item=2)["items"]}
    assert [after["130102"][name] for name in ("open", "overdue", "settled", "settled_late")] == [1, 0, 1, 1]
    assert after["130104"]["open"] == 1
    assert service.matter_counts(DISPATCHER, region="130200")["items"] == []


def test_targets_hears_of_each_step_in_whatever_order_and_keeps_the_newest(
    service: Inspections, settings: Config, said: Callable[[], list[Said]]
) -> None:
    matter = service.register_matter(a_matter(due_on="2023-08-10"), REPORTER)
    service.register_matter(a_matter(title="另一件"), REPORTER)
    asked(service, matter)
    told = said()
    assert [one.event.name() for one in told] == ["matter_registered", "matter_registered", "matter_updated"]
    heard = Matters(mongo.database(settings, "targets"))
    for one in [*reversed(told), *told]:
        heard.hear(one)
    problems = heard.problems(today=dt.date(2023, 8, 15))
    assert problems == {(2, "130102"): Problems(open=2, overdue=1, titles=("老旧小区改造资金缺口", "另一件"))}
    settled(service, matter)
    heard.hear(said()[-1])
    assert heard.problems(today=dt.date(2023, 8, 15), codes=["130102"]) == {
        (2, "130102"): Problems(open=1, settled=1, titles=("另一件",))
    }
    assert heard.problems(today=dt.date(2023, 8, 15), codes=["130104"]) == {}
