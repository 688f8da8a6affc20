"""Hints: one case each, owned and concluded by people; whoever reports does not learn of them."""

from typing import Any

import pytest

from contract import hints as public
from contract.errors import Invalid
from runtime import mongo
from runtime.config import Config
from services.inspections import store
from services.inspections.service import Inspections
from tests.services.inspections.builders import CITY_INSPECTOR, DISPATCHER, INSPECTOR, INSPECTOR_2, REPORTER, a_plan
from tests.services.inspections.registers import an_anomaly


def heard(service: Inspections, **changes: Any) -> dict[str, Any]:
    service.on_targets(an_anomaly(**changes))
    found: dict[str, Any] = service.hints(INSPECTOR)["items"][-1]
    return found


def concluded(service: Inspections, hint: dict[str, Any], outcome: str = "属实", **more: Any) -> dict[str, Any]:
    actor = more.pop("actor", INSPECTOR)
    command = {"hint_id": hint["hint_id"], "outcome": outcome, "text": "已实地核查", **more}
    return service.conclude_hint(command, actor)


def assigned(service: Inspections, hint: dict[str, Any], owner: str = "inspector", **more: Any) -> dict[str, Any]:
    return service.assign_hint({"hint_id": hint["hint_id"], "owner": owner, **more}, INSPECTOR)


def test_the_same_thing_noticed_often_is_one_case(service: Inspections) -> None:
    first = heard(service)
    service.on_targets(an_anomaly())
    service.on_targets(an_anomaly(measures={"months": 4}))
    (hint,) = service.hints(INSPECTOR)["items"]
    assert hint == first
    assert (hint["state"], hint["owner"], hint["outcome"], hint["noticed_by"]) == ("待分派", None, None, "targets")
    assert hint["measures"] == {"from_month": "2023-02", "to_month": "2023-04", "months": 3, "each": "50"}


def test_what_certification_notices_is_a_case_as_well(service: Inspections) -> None:
    service.on_certification(
        an_anomaly("shared_roster:1:2023-08", service="certification", kind="名册重合", target_id="12.1")
    )
    (hint,) = service.hints(INSPECTOR, kind="名册重合")["items"]
    assert (hint["noticed_by"], hint["target_id"]) == ("certification", "12.1")


def test_it_is_given_to_an_account_or_to_who_inspects_there(service: Inspections) -> None:
    hint = heard(service)
    assert assigned(service, hint, INSPECTOR["organisation"])["owner"] == INSPECTOR["organisation"]
    for owner in ("省住建厅", "石家庄市教育局", "唐山市督查室", "Inspector"):
        with pytest.raises(public.HintInvalid) as refused:
            assigned(service, hint, owner)
        assert [(fault["pointer"], fault["code"]) for fault in refused.value.errors] == [
            ("/owner", "organisation_unknown")
        ]
    assert assigned(service, hint, "长安区督查室")["owner"] == "石家庄市长安区督查室"
    assert concluded(service, assigned(service, hint, INSPECTOR["organisation"]))["state"] == "已办结"


def test_a_case_is_owned_then_concluded_by_its_owner(service: Inspections) -> None:
    hint = heard(service)
    with pytest.raises(public.HintNotAssigned):
        concluded(service, hint)
    assert assigned(service, hint, "inspector-2")["state"] == "核查中"
    with pytest.raises(public.HintNotYours):
        concluded(service, hint)
    noted = concluded(service, hint, "待核", actor=INSPECTOR_2)
    assert (noted["state"], noted["outcome"]) == ("核查中", "待核")
    done = concluded(service, hint, "不属实", actor=INSPECTOR_2)
    assert (done["state"], done["outcome"]) == ("已办结", "不属实")
    assert [step["event"] for step in done["history"]] == ["noticed", "assigned", "undecided", "concluded"]
    for change in (concluded, assigned):
        with pytest.raises(public.HintConcludedAlready):
            change(service, hint)


def test_it_may_lead_to_an_inspection_of_its_indicator_and_to_no_other(service: Inspections) -> None:
    hint = heard(service, target_id="12.1")
    assigned(service, hint)
    other = service.plan_inspection(a_plan(target_id="19.1"), INSPECTOR)["inspection_id"]
    for inspection_id in (other, "0" * 24):
        with pytest.raises(public.InspectionUnknown):
            concluded(service, hint, inspection_id=inspection_id)
    inspection_id = service.plan_inspection(a_plan(), INSPECTOR)["inspection_id"]
    assert concluded(service, hint, inspection_id=inspection_id)["inspection_id"] == inspection_id


def test_inspectors_and_the_dispatcher_see_those_of_their_region_and_whoever_reports_sees_none(
    service: Inspections,
) -> None:
    hint = heard(service)
    assert service.hints(DISPATCHER)["items"] == [hint]
    assert service.hints(CITY_INSPECTOR)["items"] == []
    assert service.hints(CITY_INSPECTOR, region="130102")["items"] == []
    with pytest.raises(public.HintNotFound):
        service.hint(hint["hint_id"], CITY_INSPECTOR)
    for call in (lambda: service.hints(REPORTER), lambda: service.hint(hint["hint_id"], REPORTER)):
        with pytest.raises(public.HintsNotAllowed):
            call()
    with pytest.raises(public.HintsNotAllowed):
        service.assign_hint({"hint_id": hint["hint_id"], "owner": "dispatcher"}, DISPATCHER)


def test_they_are_found_by_kind_state_indicator_and_owner_page_by_page(service: Inspections) -> None:
    ids = [
        heard(service, key=f"key {number}", region=region)["hint_id"]
        for number, region in enumerate(["130102", "130202"])
    ]
    assigned(service, {"hint_id": ids[0]})
    queries: list[tuple[dict[str, Any], list[str]]] = [
        ({"state": "核查中"}, ids[:1]),
        ({"owner": "inspector"}, ids[:1]),
        ({"region": "130200"}, ids[1:]),
        ({"target_id": "11.1"}, ids),
        ({"kind": "期末突击"}, []),
        ({"outcome": "属实"}, []),
    ]
    for query, expected in queries:
        assert [one["hint_id"] for one in service.hints(INSPECTOR, **query)["items"]] == expected
    page = service.hints(INSPECTOR, limit=1)
    assert [one["hint_id"] for one in service.hints(INSPECTOR, limit=1, after=page["next"])["items"]] == ids[1:]


def test_a_stale_change_and_personal_data_are_refused(service: Inspections) -> None:
    hint = heard(service)
    assigned(service, hint, expected_version=1)
    with pytest.raises(public.HintChanged):
        assigned(service, hint, expected_version=1)
    with pytest.raises(Invalid):
        concluded(service, hint, text="当事人130102199001011234")


def test_nothing_is_said_by_it_so_that_nothing_counted_can_change(
    service: Inspections, settings: Config, kept: store.Inspections
) -> None:
    hint = heard(service)
    assigned(service, hint)
    concluded(service, hint)
    assert kept.store["outbox"].count_documents({"event.logonly": {"$exists": False}}) == 0
    assert mongo.database(settings, "targets")["entries"].count_documents({}) == 0
