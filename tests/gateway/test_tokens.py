"""A token is given to who knows the secret, bears what the client may do, and is believed only when we signed it."""

import base64
import datetime as dt
import time
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from gateway import clients, problems, threads, tokens
from gateway.clients import Clients
from runtime import clock
from runtime.config import Config
from tests.gateway.callers import CENTRE, Caller


def ask(
    anybody: Caller, settings: Config, *, basic: bool = True, secret: str | None = None, **form: str
) -> TestResponse:
    """A token request of the centre."""
    secret = clients.demo_secret(settings, CENTRE) if secret is None else secret
    form = {"grant_type": "client_credentials", **form}
    if basic:
        return anybody.post("/oauth/token", data=form, auth=(CENTRE, secret))
    return anybody.post("/oauth/token", data=form | {"client_id": CENTRE, "client_secret": secret})


@pytest.mark.parametrize("basic", [True, False])
def test_a_client_gets_a_token_that_says_who_it_is(anybody: Caller, settings: Config, basic: bool) -> None:
    answer = ask(anybody, settings, basic=basic)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    given = answer.json
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 3600)
    caller = tokens.caller(settings, f"Bearer {given['access_token']}")
    assert caller is not None
    assert (caller.client_id, caller.role, caller.organisation, caller.region) == (
        CENTRE,
        "training_centre",
        CENTRE,
        "130100",
    )
    assert " ".join(caller.scopes) == given["scope"]


def test_the_token_opens_what_its_scopes_allow(anybody: Caller, settings: Config) -> None:
    token = ask(anybody, settings, scope="imports:write").json["access_token"]
    refused = anybody.get("/v1/certificates", headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 403
    assert refused.json["code"] == "scope_missing"
    assert 'scope="certificates:read"' in refused.headers["WWW-Authenticate"]


def test_a_scope_that_the_client_has_not_is_refused(anybody: Caller, settings: Config) -> None:
    refused = ask(anybody, settings, scope="people:reveal")
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("basic", [True, False])
def test_a_wrong_secret_is_a_401_in_both_vocabularies(anybody: Caller, settings: Config, basic: bool) -> None:
    refused = ask(anybody, settings, secret="wrong", basic=basic)
    assert refused.status_code == 401
    assert refused.content_type == "application/problem+json"
    assert (refused.json["code"], refused.json["error"]) == ("client_invalid", "invalid_client")
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")


def test_an_unknown_client_looks_like_a_wrong_secret(anybody: Caller) -> None:
    refused = anybody.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("nobody", "x"))
    assert (refused.status_code, refused.json["error"]) == (401, "invalid_client")


def test_no_credentials_at_all_is_a_401(anybody: Caller) -> None:
    refused = anybody.post("/oauth/token", data={"grant_type": "client_credentials"})
    assert (refused.status_code, refused.json["error"]) == (401, "invalid_client")


def test_a_disabled_client_gets_no_token(anybody: Caller, settings: Config) -> None:
    client = clients.made("leaving", "s3cret", role=clients.Role.PARTNER, region="130000", organisation="o")
    Clients(settings).put(client)
    form: dict[str, Any] = {"data": {"grant_type": "client_credentials"}, "auth": ("leaving", "s3cret")}
    assert anybody.post("/oauth/token", **form).status_code == 200
    Clients(settings).disable("leaving")
    assert anybody.post("/oauth/token", **form).status_code == 401


def test_a_token_ends_with_its_client_within_seconds(settings: Config) -> None:
    client = clients.made("dismissed", "s3cret", role=clients.Role.PARTNER, region="130000", organisation="o")
    Clients(settings).put(client)
    times = [clock.now()]
    disabled = clients.Disabled(settings, lifetime=tokens.LIFETIME, now=lambda: times[-1])
    bearer = f"Bearer {tokens.sign(settings, client, 'targets:read')}"
    assert tokens.caller(settings, bearer, disabled) is not None
    Clients(settings).disable("dismissed")
    times.append(times[-1] + dt.timedelta(seconds=disabled.AGE))
    with pytest.raises(problems.TokenInvalid, match="disabled"):
        tokens.caller(settings, bearer, disabled)
    Clients(settings).put(client)
    times.append(times[-1] + dt.timedelta(seconds=disabled.AGE))
    assert tokens.caller(settings, bearer, disabled) is not None, "taken back, a client is believed again"


def test_nobody_is_looked_up_once_their_tokens_have_expired(settings: Config) -> None:
    Clients(settings).put(clients.made("gone", "s", role=clients.Role.PARTNER, region="130000", organisation="o"))
    Clients(settings).disable("gone")
    later = clock.now() + dt.timedelta(seconds=tokens.LIFETIME + 60)
    assert "gone" in clients.Disabled(settings, lifetime=tokens.LIFETIME)
    assert "gone" not in clients.Disabled(settings, lifetime=tokens.LIFETIME, now=lambda: later)


def test_the_gateway_refuses_a_disabled_clients_token(anybody: Caller, app: Flask, settings: Config) -> None:
    client = clients.made("shown-out", "s3cret", role=clients.Role.PARTNER, region="130000", organisation="o")
    Clients(settings).put(client)
    token = {"Authorization": f"Bearer {tokens.sign(settings, client, 'targets:read')}"}
    assert anybody.get("/v1/regions", headers=token).status_code == 200
    Clients(settings).disable("shown-out")
    app.extensions["disabled"] = clients.Disabled(settings, lifetime=tokens.LIFETIME)
    refused = anybody.get("/v1/regions", headers=token)
    assert (refused.status_code, refused.json["code"]) == (401, "token_invalid")


@pytest.mark.parametrize("form", [{}, {"grant_type": "password"}, {"grant_type": "authorization_code"}])
def test_other_grants_are_refused(anybody: Caller, form: dict[str, str]) -> None:
    refused = anybody.post("/oauth/token", data=urlencode(form), content_type="application/x-www-form-urlencoded")
    assert (refused.status_code, refused.json["error"]) == (400, "unsupported_grant_type")


def test_secrets_in_the_address_are_refused_before_they_are_read(anybody: Caller, settings: Config) -> None:
    secret = clients.demo_secret(settings, CENTRE)
    refused = anybody.post(f"/oauth/token?client_id={CENTRE}&client_secret={secret}", data={"grant_type": "x"})
    assert refused.status_code == 422
    assert secret not in refused.text


def forged(settings: Config, *, key: bytes | None = None, algorithm: str = "HS256", **changes: Any) -> str:
    claims = {
        "iss": "yanzhao",
        "sub": CENTRE,
        "exp": int(time.time()) + 60,
        "role": "civil_affairs",
        "org": "省民政厅",
        "scope": "certificates:read",
        "region": "130000",
        "rate": 10,
    } | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, settings.token_secret if key is None else key, algorithm)


def test_a_token_of_ours_is_believed(settings: Config) -> None:
    assert tokens.caller(settings, f"Bearer {forged(settings)}") is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"key": b"k" * 32},
        {"key": b"k" * 64, "algorithm": "HS512"},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"iss": "somebody else"},
        {"region": None},
        {"rate": None},
    ],
    ids=str,
)
def test_what_we_did_not_sign_just_so_is_not_believed(
    anybody: Caller, settings: Config, changes: dict[str, Any]
) -> None:
    token = forged(settings, **changes)
    refused = anybody.get("/v1/certificates", headers={"Authorization": f"Bearer {token}"})
    assert (refused.status_code, refused.json["code"]) == (401, "token_invalid")
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_a_token_without_a_signature_is_not_believed(anybody: Caller, settings: Config) -> None:
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    token = f"{head}.{forged(settings).split('.')[1]}."
    refused = anybody.get("/v1/certificates", headers={"Authorization": f"Bearer {token}"})
    assert refused.json["code"] == "token_invalid"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic abc", "Bearer é", "Bearer a.b", "token"])
def test_a_malformed_authorization_is_a_401(anybody: Caller, header: str) -> None:
    refused = anybody.get("/v1/certificates", headers={"Authorization": header})
    assert (refused.status_code, refused.json["code"]) == (401, "token_invalid")


def test_a_bad_token_is_told_even_where_none_is_needed(anybody: Caller) -> None:
    assert anybody.get("/v1/regions", headers={"Authorization": "Bearer x"}).status_code == 401


def test_only_a_few_secrets_are_checked_at_once(app: Flask, anybody: Caller) -> None:
    """Each takes 19 MiB: as many as there are threads took more than a gigabyte."""
    with ExitStack() as busy:
        for _ in range(threads.SECRETS):
            busy.enter_context(app.extensions["secrets"].turn(10))
        refused = anybody.post("/oauth/token", data={"grant_type": "client_credentials"})
    assert (refused.status_code, refused.json["code"]) == (503, "temporarily_unavailable")
    assert refused.headers["Retry-After"]
