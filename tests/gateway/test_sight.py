"""Who sees what, as one table: every documented read, as nobody and as every role, in its region and outside of it.

With a token nobody gets less than without one, and nobody more than role, region and relation give (contract/sight.py).
A read that is not in the table fails, and so does a guarded field that comes to somebody for whom it is not.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

import contract
from contract import fields, sight
from contract.message import Message
from contract.words import Role
from runtime.config import Config
from tests.gateway.callers import COUNTING
from tests.gateway.sight import CITY, COUNTY, ELSEWHERE, NOBODY, World
from tests.programme import Programme

C, B, D, N, P = Role.TRAINING_CENTRE, Role.CIVIL_AFFAIRS, Role.DISPATCHER, Role.INSPECTOR, Role.PARTNER
F, A, V, R, W = Role.FEDERATION, Role.APPLICANT, Role.REVIEWER, Role.REPORTER, Role.REPORT_REVIEWER
WORK, OFFICES = {D, N, R, W}, {B, F, D, N, R, W}

# A read that everybody has -> its queries. A token gets at least what nobody gets, of every region.
PUBLIC: dict[str, tuple[str, ...]] = {
    "/v1/regions": ("",),
    "/v1/targets": ("",),
    "/v1/targets/{target_id}": tuple(
        f"?region={region}{more}" for region in (COUNTY, CITY, ELSEWHERE, "130000") for more in ("", "&by=region")
    ),
    "/v1/ledger": tuple(
        f"?region={region}{more}"
        for region in (COUNTY, CITY, ELSEWHERE, "130000")
        for more in ("&by=region&item=12", "&item=2", "&department=省教育厅")
    ),
    "/v1/ledger/matrix": ("",),
    "/v1/notices": ("?limit=100",),
    "/v1/stars": ("?limit=100",),
    "/v1/verifications/stars": ("?number=1",),
}
MACHINES = {"/healthz", "/readyz", "/metrics"}
IN_NO_REGION = ""

# A read -> the roles that may ask, and what it is about: a thing of the world, that nobody sees who is elsewhere.
READS: dict[str, tuple[set[Role], str]] = {
    "/v1/ledger.xlsx": (OFFICES | {P}, IN_NO_REGION),
    "/v1/targets/{target_id}/entries": (OFFICES | {P}, IN_NO_REGION),
    "/v1/targets/{target_id}/tree": (OFFICES | {P}, IN_NO_REGION),
    "/v1/targets/{target_id}/responsibles": (WORK, IN_NO_REGION),
    "/v1/certificates": ({C, B, D, N}, "certificate_number"),
    "/v1/certificates/{certificate_number}": ({C, B, D, N}, "certificate_number"),
    "/v1/certificates/{certificate_number}/evidence/{file_id}": ({C, B, D, N}, IN_NO_REGION),
    "/v1/people/{person_key}/certificates": ({C, B, D, N}, "certificate_number"),
    "/v1/certificate-imports/{import_id}": ({C, B, D, N}, "certificate-import"),
    "/v1/certificate-imports/{import_id}/rows": ({C, B, D, N}, IN_NO_REGION),
    "/v1/certificate-imports/{import_id}/result.xlsx": ({C}, IN_NO_REGION),
    "/v1/centres": ({B}, "code"),
    "/v1/centres/{code}": ({B}, "code"),
    "/v1/assessors": ({B}, IN_NO_REGION),
    "/v1/assessors/{code}": ({B}, IN_NO_REGION),
    "/v1/applications": ({D, N, F, A, V}, "application_id"),
    "/v1/applications/{application_id}": ({D, N, F, A, V}, "application_id"),
    "/v1/applications/{application_id}/evidence/{file_id}": ({D, N, F, A, V}, IN_NO_REGION),
    "/v1/awards": ({D, N, F, A, V}, "award_id"),
    "/v1/awards/{award_id}": ({D, N, F, A, V}, "award_id"),
    "/v1/awards/{award_id}/qr.svg": ({D, N, F, A, V}, IN_NO_REGION),
    "/v1/awards/{award_id}/evidence/{file_id}": ({D, N, F, A, V}, IN_NO_REGION),
    "/v1/city-recognitions": ({D, N, F, A, V}, IN_NO_REGION),
    "/v1/city-recognitions/{recognition_id}": ({D, N, F, A, V}, IN_NO_REGION),
    "/v1/city-recognitions/{recognition_id}/evidence/{file_id}": ({D, N, F, A, V}, IN_NO_REGION),
    "/v1/bases": ({D, N, F, A, V}, "base_id"),
    "/v1/bases/{base_id}": ({D, N, F, A, V}, "base_id"),
    "/v1/bases/{base_id}/evidence/{file_id}": ({D, N, F, A, V}, IN_NO_REGION),
    "/v1/fusao": ({D, N, F, A, V}, "subject"),
    "/v1/fusao/{person_key}": ({D, N, F, A, V}, "subject"),
    "/v1/fusao/{person_key}/evidence/{file_id}": ({D, N, F, A, V}, IN_NO_REGION),
    "/v1/quotas": ({D, N, F, A, V}, IN_NO_REGION),
    "/v1/holidays": ({F}, IN_NO_REGION),
    "/v1/holidays/{notice_id}/evidence/{file_id}": ({F}, IN_NO_REGION),
    "/v1/reviewers": ({F}, IN_NO_REGION),
    "/v1/reports": (WORK, "report_id"),
    "/v1/reports/{report_id}": (WORK, "report_id"),
    "/v1/reports/{report_id}/evidence/{file_id}": (WORK, IN_NO_REGION),
    "/v1/report-template.xlsx": ({R}, IN_NO_REGION),
    "/v1/report-imports/{import_id}": ({R}, IN_NO_REGION),
    "/v1/report-imports/{import_id}/result.xlsx": ({R}, IN_NO_REGION),
    "/v1/rounds": (WORK, IN_NO_REGION),
    "/v1/rounds/{round_id}": (WORK, IN_NO_REGION),
    "/v1/rounds/{round_id}/reminders/{number}": (WORK, IN_NO_REGION),
    "/v1/bulletins": (OFFICES, IN_NO_REGION),
    "/v1/bulletins/{bulletin_id}": (OFFICES, IN_NO_REGION),
    "/v1/bulletins/{bulletin_id}/entries": (OFFICES, IN_NO_REGION),
    "/v1/bulletins/{bulletin_id}/document.docx": (OFFICES, IN_NO_REGION),
    "/v1/bulletins/{bulletin_id}/workbook.xlsx": (OFFICES, IN_NO_REGION),
    "/v1/snapshots/{snapshot_id}": (OFFICES, IN_NO_REGION),
    "/v1/inspections": (OFFICES, "inspection_id"),
    "/v1/inspections/{inspection_id}": (OFFICES, "inspection_id"),
    "/v1/inspections/{inspection_id}/units": (OFFICES, "inspection_id"),
    "/v1/inspections/{inspection_id}/redraw": ({B, D, N}, "inspection_id"),
    "/v1/inspections/{inspection_id}/frame": ({B, D, N}, "certificate_id"),
    "/v1/findings": (OFFICES, "finding_id"),
    "/v1/findings/{finding_id}": (OFFICES, "finding_id"),
    "/v1/findings/{finding_id}/evidence/{file_id}": (OFFICES, IN_NO_REGION),
    "/v1/withdrawals": (OFFICES, "order_id"),
    "/v1/withdrawals/{order_id}": (OFFICES, "order_id"),
    "/v1/supervision-orders": (OFFICES, "supervision_id"),
    "/v1/supervision-orders/{supervision_id}": (OFFICES, "supervision_id"),
    "/v1/supervision-orders/{supervision_id}/document.docx": (OFFICES, IN_NO_REGION),
    "/v1/matters": (OFFICES, "matter_id"),
    "/v1/matters/{matter_id}": (OFFICES, "matter_id"),
    "/v1/matters/{matter_id}/evidence/{file_id}": (OFFICES, IN_NO_REGION),
    "/v1/matter-counts": (OFFICES, IN_NO_REGION),
    "/v1/greenways": (OFFICES, "greenway_id"),
    "/v1/greenways/{greenway_id}": (OFFICES, "greenway_id"),
    "/v1/greenways/{greenway_id}/evidence/{file_id}": (OFFICES, IN_NO_REGION),
    "/v1/hints": ({D, N}, "hint_id"),
    "/v1/hints/{hint_id}": ({D, N}, "hint_id"),
    "/v1/anomaly-looks/{look_id}": ({D, N}, IN_NO_REGION),
}

# A field -> who may get a value of it, in whatever answer.
GUARDED: dict[str, set[Role]] = {
    **dict.fromkeys(("problems", "next_steps", "open_problems", "overdue_problems"), WORK),
    **dict.fromkeys(("principal", "deputy", "contact", "contact_phone"), WORK),
    **dict.fromkeys(("period_value", "forecasts", "started", "completed", "inspected"), OFFICES | {P}),
    **dict.fromkeys(("subject", "fact_id"), OFFICES | {P}),
    "document_number": {C, B, D, N, F, A},  # of their own people, and masked: see below
    "person_key": {C, B, D, N, F, A},
    "members": OFFICES,
    "statement": set(),
}


@pytest.fixture(scope="module")
def world(app: Flask, settings: Config, services: Programme) -> Iterator[World]:
    others = (*COUNTING, "inspections.relay+targets.relay+targets.desk")
    services.start(*others)
    yield World(app, settings, services)
    for name in reversed(others):
        services.stop(name)


def address(world: World, path: str) -> str:
    things = dict(world.things)
    kind = path.split("/")[2]
    things |= {"import_id": things.get("certificate-import", "") if kind == "certificate-imports" else "0" * 24}
    things |= {"file_id": things.get({"applications": "application file", "reports": "report file"}.get(kind, ""), "")}
    things |= {"recognition_id": "0" * 24, "notice_id": "0" * 24}
    things |= {"file_id": things["file_id"] or things.get(f"{kind.removesuffix('s')} file", "0" * 24)}
    if kind == "fusao":
        things["person_key"] = things["subject"]
    query = {
        "/v1/report-template.xlsx": f"?region={COUNTY}&period=2023-05",
        "/v1/ledger.xlsx": f"?region={COUNTY}&item=12",
        "/v1/targets/{target_id}/entries": f"?region={COUNTY}",
        "/v1/targets/{target_id}/tree": f"?region={COUNTY}",
        "/v1/targets/{target_id}/responsibles": f"?region={COUNTY}",
    }.get(path, "?limit=200" if path.count("/") == 2 and not path.endswith(("quotas", "reviewers", "counts")) else "")
    return re.sub(r"{(\w+)}", lambda found: things[found[1]], path) + query


@pytest.fixture(scope="module")
def answers(world: World) -> dict[tuple[str, str], TestResponse]:
    """(path, caller) -> what they got."""
    return {
        (path, name): caller.get(address(world, path)) for path in READS for name, caller in world.callers.all.items()
    }


def test_every_documented_read_is_in_the_table(app: Flask) -> None:
    spec = app.test_client().get("/openapi.json").json
    assert {path for path, item in spec["paths"].items() if "get" in item} == {*PUBLIC, *READS, *MACHINES}


@pytest.mark.parametrize("path", PUBLIC)
def test_with_a_token_nobody_sees_less_than_without_one(world: World, path: str) -> None:
    for query in PUBLIC[path]:
        where = address(world, path).split("?")[0] + query
        public = world.callers.all[NOBODY].get(where)
        assert public.status_code == 200, public.text
        for name, caller in world.callers.all.items():
            found = caller.get(where)
            assert found.status_code == 200, f"{name} {where}: {found.text}"
            assert not list(missing(public.json, found.json)), f"{name} {where}"
            if "public" in found.headers["Cache-Control"]:
                assert [*missing(found.json, public.json)] == [], f"{name} {where}: to be kept for everybody"
            elif "no-store" not in found.headers["Cache-Control"]:
                assert "Authorization" in found.headers["Vary"]


@pytest.mark.parametrize("path", READS)
def test_who_may_not_ask_is_refused_and_who_may_is_answered(
    world: World, answers: dict[tuple[str, str], TestResponse], path: str
) -> None:
    roles, _ = READS[path]
    seen = set()
    for name, role in world.callers.roles.items():
        status = answers[path, name].status_code
        if role is None:
            assert status == 401
        elif role in roles:
            assert status in (200, 403, 404, 409), f"{name}: {answers[path, name].text}"
            seen |= {role} if status == 200 else set()
        else:
            assert status in (403, 404), f"{name}: {answers[path, name].text}"
    if not re.search(
        "import|greenway_id}/evidence|bulletin_id}/|recognition_id|certificate_number}/evidence|award_id}/evidence"
        "|base_id}/evidence|person_key}/evidence|holidays",
        path,
    ):
        assert seen, "the world has nothing of it, and nothing was tried"


@pytest.mark.parametrize("path", [path for path, (_, thing) in READS.items() if thing])
def test_a_thing_is_seen_here_and_not_elsewhere(
    world: World, answers: dict[tuple[str, str], TestResponse], path: str
) -> None:
    thing = world.things[READS[path][1]]
    saw = {
        name
        for name in world.callers.all
        if thing in answers[path, name].text and answers[path, name].status_code == 200
    }
    assert saw, "the world has nothing of it"
    assert not {name for name in saw if name.endswith("elsewhere") or name == NOBODY}, path


def test_a_guarded_field_comes_to_nobody_for_whom_it_is_not(
    world: World, answers: dict[tuple[str, str], TestResponse]
) -> None:
    for name, path, told in _told(world, answers):
        role = world.callers.roles[name]
        for field, value in _leaves(told):
            if value in (None, "", []):
                continue
            assert field not in GUARDED or role in GUARDED[field], f"{name} {path}: {field}"
            if field in sight.ACCOUNT_FIELDS and role not in OFFICES:
                assert value in {world.callers.ids[name], *sight.NO_ACCOUNTS}, f"{name} {path}: {field} {value}"


def test_no_answer_has_a_number_or_a_name_in_full(world: World, answers: dict[tuple[str, str], TestResponse]) -> None:
    personal = {
        body[name] for body in world.bodies for name in ("document_number", "holder_name", "phone") if name in body
    }
    for name, path, told in _told(world, answers):
        for field, value in _leaves(told):
            assert value not in personal, f"{name} {path}: {field}"


def test_who_was_counted_is_told_only_to_who_may_see_the_certificates(world: World) -> None:
    path = "/v1/targets/12.1/entries?limit=1000"
    for name, role in world.callers.roles.items():
        found = world.callers.all[name].get(path)
        if found.status_code != 200:
            assert role not in {B, D, N}, f"{name}: {found.text}"
            continue
        entries = found.json["items"]
        named = {entry[field] for entry in entries for field in ("subject", "fact_id")}
        assert None not in named if role in {B, D, N} else named <= {None}, name
        if name.endswith(" here"):
            assert {entry["region"] for entry in entries} <= {COUNTY}, name


def test_a_centre_does_not_learn_where_its_people_were_certified_elsewhere(world: World) -> None:
    centre = world.callers.all["training_centre here"]
    known = centre.get(f"/v1/people/{world.things['person_elsewhere']}/certificates").json["items"]
    assert [one["region"] for one in known] == [COUNTY]
    assert centre.get("/v1/targets/12.1/entries").status_code == 403
    again = {**world.elsewhere[-1], "region": COUNTY}
    refused = centre.post("/v1/certificates", json=again)
    assert refused.status_code == 409
    assert not re.search("130202|唐山|路南|training_centre-130200|certificate_id", refused.text)


def test_an_office_sees_the_numbers_of_its_own_region_and_only_the_publics_elsewhere(world: World) -> None:
    def value(name: str, region: str) -> str | None:
        return world.callers.all[name].get(f"/v1/targets/12.1?region={region}").json["value"]

    assert value(NOBODY, COUNTY) is None
    for name, role in world.callers.roles.items():
        inside = role in {B, D, N, P, F, R, W} and not name.endswith("elsewhere")
        concerned = role not in {F} and "another department" not in name
        assert (value(name, COUNTY) is not None) == (inside and concerned), name


def _accounts() -> set[str]:
    modules = [importlib.import_module(f"contract.{one.name}") for one in pkgutil.iter_modules(contract.__path__)]
    kinds = [kind for module in modules for kind in vars(module).values() if isinstance(kind, type)]
    messages = [kind() for kind in kinds if issubclass(kind, Message) and kind is not Message]
    return {name for one in messages for name, field in one.fields.items() if isinstance(field, fields.Account)}


def test_every_account_that_is_answered_can_be_left_out() -> None:
    assert _accounts()
    assert _accounts() <= sight.ACCOUNT_FIELDS


def _told(world: World, answers: dict[tuple[str, str], TestResponse]) -> Iterator[tuple[str, str, Any]]:
    for (path, name), answer in answers.items():
        if answer.is_json and answer.status_code == 200:
            yield name, path, answer.json
    for path in ("/v1/ledger?by=region&item=2", f"/v1/ledger?region={COUNTY}", "/v1/notices", "/v1/stars"):
        for name, caller in world.callers.all.items():
            yield name, path, caller.get(path).json


def _leaves(told: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(told, list):
        for each in told:
            yield from _leaves(each)
    if isinstance(told, dict):
        for name, value in told.items():
            if isinstance(value, dict | list) and value:
                yield from _leaves(value)
            yield name, (value if not isinstance(value, dict) else None) if not isinstance(value, list) else None


_MOVES = {"known_at", "lag_seconds", "sources", "checked_at"}


def missing(less: Any, more: Any, where: str = "") -> Iterator[str]:
    """What the first says and the second does not; of what was not said, anything may be."""
    if isinstance(less, dict):
        for name in less.keys() - _MOVES:
            yield from [f"{where}/{name}"] if name not in more else missing(less[name], more[name], f"{where}/{name}")
    elif isinstance(less, list):
        if len(less) != len(more):
            yield where
            return
        for at, (one, other) in enumerate(zip(less, more, strict=True)):
            yield from missing(one, other, f"{where}/{at}")
    elif less is not None and less != more:
        yield where
