"""A client whose organisation is in no list of the plan: the door lets it in nowhere, and behind the door no service
does anything for it."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from contract.certification import ActionNotAllowed
from contract.errors import Refused
from contract.hints import HintsNotAllowed
from contract.inspections import InspectionsNotAllowed
from contract.matters import MattersNotAllowed
from contract.reports import ReportsNotAllowed
from contract.rounds import RoundsNotAllowed
from contract.training import CentresNotAllowed
from contract.words import Role
from gateway import clients, demo_clients, tokens
from gateway.clients import Client, Clients
from runtime.config import Config
from tests.gateway.callers import Caller
from tests.services.reports.builders import a_report

STRANGER = "省住建厅"  # and not 省住房城乡建设厅


def a_client(role: Role = Role.REPORTER, organisation: str = STRANGER, region: str = "130000") -> Client:
    return clients.made(
        f"stranger-{role.name.lower().replace('_', '-')}", "s3cret", role=role, region=region, organisation=organisation
    )


def actor_of(client: Client) -> dict[str, Any]:
    who = ("client_id", "role", "region", "organisation")
    return {**{name: str(getattr(client, name)) for name in who}, "scopes": list(client.scopes)}


def test_one_that_is_stored_already_gets_no_token_and_is_told_how_it_is_mended(
    anybody: Caller, settings: Config
) -> None:
    Clients(settings).put(a_client())
    refused = anybody.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=("stranger-reporter", "s3cret")
    )
    assert (refused.status_code, refused.json["error"]) == (400, "unauthorized_client")
    assert "省住房城乡建设厅" in refused.json["detail"]
    wrong = anybody.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("stranger-reporter", "x"))
    assert (wrong.status_code, wrong.json["error"]) == (401, "invalid_client"), "only who has the secret is told"


@pytest.mark.parametrize(
    "client",
    [
        a_client(),
        a_client(Role.DISPATCHER, "省教育厅"),
        a_client(Role.REPORTER, "石家庄市教育局"),
        a_client(Role.FEDERATION, "fulian-130000"),
        a_client(Role.PARTNER, "省民政厅"),
    ],
    ids=lambda client: f"{client.role}-{client.organisation}",
)
def test_a_token_that_it_has_already_opens_nothing(anybody: Caller, settings: Config, client: Client) -> None:
    bearer = {"Authorization": f"Bearer {tokens.sign(settings, client, ' '.join(client.scopes))}"}
    for path in ("/v1/reports", "/v1/ledger", "/v1/matters", "/v1/regions"):
        refused = anybody.get(path, headers=bearer)
        assert (refused.status_code, refused.json["code"]) == (401, "token_invalid")
        assert client.organisation in refused.json["detail"]
    assert anybody.post("/v1/reports", json=a_report(), headers=bearer).status_code == 401


_CALLS: list[tuple[Role, str, str, tuple[Any, ...], type[Refused]]] = [
    (Role.REPORTER, "reports", "file_report", (a_report(),), ReportsNotAllowed),
    (Role.REPORTER, "reports", "reports", (), ReportsNotAllowed),
    (Role.DISPATCHER, "reports", "open_round", ({"period": "2023-03"},), RoundsNotAllowed),
    (Role.INSPECTOR, "inspections", "inspections", (), InspectionsNotAllowed),
    (Role.INSPECTOR, "inspections", "hints", (), HintsNotAllowed),
    (Role.REPORTER, "inspections", "matters", (), MattersNotAllowed),
    (Role.CIVIL_AFFAIRS, "certification", "certificates", (), ActionNotAllowed),
    (Role.CIVIL_AFFAIRS, "training", "centres", (), CentresNotAllowed),
]


@pytest.mark.usefixtures("services")
@pytest.mark.parametrize(("role", "service", "method", "asked", "refusal"), _CALLS, ids=lambda one: str(one)[:20])
def test_behind_the_door_no_service_does_anything_for_it(
    app: Flask,
    role: Role,
    service: str,
    method: str,
    asked: tuple[Any, ...],
    refusal: type[Refused],
) -> None:
    rpc = app.extensions["rpc"]
    actor = actor_of(a_client(role))
    with pytest.raises(refusal):
        rpc.call(service, method, *asked, actor)
    with pytest.raises(refusal):
        rpc.call(service, method, *asked, actor=actor)


def test_every_demo_client_acts_in_its_role_and_region(app: Flask, settings: Config) -> None:
    kept = Clients(settings)
    for client_id, *_ in demo_clients.wanted():
        found = kept.get(client_id)
        assert found is not None
        assert kept.checked(found) == found


@pytest.mark.parametrize(
    "client_id", ["", "A", "a b", "-a", "a-", "甲", "a" * 65, "a13800000000", "13800000000", "a_b", "a.b", "$ne"]
)
def test_a_clients_id_has_a_form(anybody: Caller, settings: Config, client_id: str) -> None:
    with pytest.raises(clients.ClientRefused):
        Clients(settings).add(replace(a_client(Role.PARTNER, "o"), client_id=client_id))
    form = {"grant_type": "client_credentials", "client_id": client_id or "-", "client_secret": "x"}
    refused = anybody.post("/oauth/token", data=form)
    assert (refused.status_code, refused.json["error"]) == (401, "invalid_client")
    assert "1至64个小写字母" in refused.json["detail"]
