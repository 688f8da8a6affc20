"""How often one may ask, and how one is told."""

import datetime as dt
import re
from dataclasses import replace

import pytest
from flask import Flask, g
from pymongo.read_concern import ReadConcern

from gateway import clients, problems, tokens
from gateway.app import create
from gateway.limits import PAGES, Limits, Pages, address
from runtime import mongo
from runtime.config import Config
from tests.gateway.callers import Caller


def test_past_the_limit_it_is_refused_until_the_minute_is_over(app: Flask, settings: Config) -> None:
    at = dt.datetime(2023, 5, 1, 8, 0, 45, tzinfo=dt.UTC)
    limits = Limits(settings, now=lambda: at)
    with app.app_context():
        for left in (2, 1, 0):
            limits.take("somebody", 3)
            assert g.limit == {"RateLimit-Policy": '"client";q=3;w=60', "RateLimit": f'"client";r={left};t=15'}
        with pytest.raises(problems.TooManyRequests) as refused:
            limits.take("somebody", 3)
        assert refused.value.headers == {"Retry-After": "15"}
        limits.take("somebody else", 3)
        at += dt.timedelta(seconds=15)
        limits.take("somebody", 3)


def test_a_dear_request_counts_as_several(app: Flask, settings: Config) -> None:
    limits = Limits(settings, now=lambda: dt.datetime(2023, 5, 1, 8, 0, tzinfo=dt.UTC))
    with app.app_context():
        limits.take("buyer", 30, cost=20)
        assert ";r=10;" in g.limit["RateLimit"]
        with pytest.raises(problems.TooManyRequests):
            limits.take("buyer", 30, cost=20)


def test_what_an_operation_costs_is_declared_and_taken(app: Flask, settings: Config, anybody: Caller) -> None:
    spec = anybody.get("/openapi.json").json
    assert spec["paths"]["/v1/ledger"]["get"]["x-cost"] == {"request": 2, "by": 20}
    client = clients.made("buyer", "s", role=clients.Role.PARTNER, region="130000", organisation="o", per_minute=10)
    headers = {"Authorization": f"Bearer {tokens.sign(settings, client, 'targets:read')}"}
    assert anybody.get("/v1/ledger?by=region", headers=headers).status_code == 429
    assert anybody.get("/v1/ledger/matrix", headers=headers).status_code == 429


def test_pages_are_limited_by_address_without_the_database(app: Flask) -> None:
    at = dt.datetime(2023, 5, 1, 8, 0, 45, tzinfo=dt.UTC)
    pages = Pages(now=lambda: at)
    with app.app_context():
        for _ in range(PAGES):
            pages.take("198.51.100.1")
        with pytest.raises(problems.TooManyRequests):
            pages.take("198.51.100.1")
        pages.take("198.51.100.2")
        at += dt.timedelta(seconds=15)
        pages.take("198.51.100.1")
        assert pages._used == {"198.51.100.1": 1}, "a window's addresses are forgotten with it"


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/readyz", "/metrics"])
def test_every_page_without_a_token_is_limited(anybody: Caller, path: str) -> None:
    assert re.fullmatch(r'"page";r=\d+;t=\d+', anybody.get(path).headers["RateLimit"])


def test_an_ipv6_host_is_one_address_whichever_of_its_own_it_takes() -> None:
    assert address("2001:db8:1:2::1") == address("2001:db8:1:2:ffff::9") != address("2001:db8:1:3::1")
    assert address("198.51.100.1") != address("198.51.100.2")


def test_counts_are_forgotten(app: Flask, settings: Config) -> None:
    counts = mongo.database(settings, "gateway")["request_counts"]
    assert counts.index_information()["expires_at_1"]["expireAfterSeconds"] == 0


def test_every_answer_tells_how_many_requests_are_left(anybody: Caller, centre: Caller) -> None:
    for caller, policy in ((anybody, "anonymous"), (centre, "client")):
        headers = caller.get("/v1/regions").headers
        assert re.fullmatch(rf'"{policy}";q=\d+;w=60', headers["RateLimit-Policy"])
        assert re.fullmatch(rf'"{policy}";r=\d+;t=\d+', headers["RateLimit"])


def test_a_client_that_asks_too_often_gets_a_429(app: Flask, settings: Config, anybody: Caller) -> None:
    client = clients.made("impatient", "s", role=clients.Role.PARTNER, region="130000", organisation="o", per_minute=2)
    headers = {"Authorization": f"Bearer {tokens.sign(settings, client, 'targets:read')}"}
    answers = [anybody.get("/v1/regions", headers=headers) for _ in range(5)]  # a minute may end in between
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused, [answer.status for answer in answers]
    assert refused[0].json["code"] == "too_many_requests"
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 60
    assert ";r=0;" in refused[0].headers["RateLimit"]


def anonymous(settings: Config) -> set[str]:
    counts = mongo.database(settings, "gateway").get_collection("request_counts", read_concern=ReadConcern("local"))
    return {row["_id"].split()[1] for row in counts.find({"_id": {"$regex": "^anonymous"}})}


def test_nobody_chooses_the_address_that_they_are_counted_under(anybody: Caller, settings: Config) -> None:
    anybody.get("/v1/regions", headers={"X-Forwarded-For": "203.0.113.7"})
    assert "address:203.0.113.7" not in anonymous(settings)


def test_behind_our_own_proxy_the_address_is_the_one_it_saw(settings: Config) -> None:
    behind = create(replace(settings, trusted_proxies=1)).test_client()
    behind.get("/v1/regions", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.8"})
    seen = anonymous(settings)
    assert "address:203.0.113.8" in seen
    assert "address:198.51.100.1" not in seen, "what the client wrote itself was believed"
