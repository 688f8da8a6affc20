"""How often one may ask, and how one is told."""

import datetime as dt
import re
from dataclasses import replace

import pytest
from flask import Flask, g
from pymongo.read_concern import ReadConcern

from gateway import clients, problems, tokens
from gateway.app import create
from gateway.limits import Limits
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
