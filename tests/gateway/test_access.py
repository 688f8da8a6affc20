"""What every answer carries, what the log says of it, and what it may not say."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from gateway.app import create
from gateway.health import LOOKED_SECONDS
from runtime import mongo
from runtime.config import Config
from tests.builders import a_certificate
from tests.gateway.callers import COUNTING, Caller
from tests.programme import Programme, until

TRACE = "0af7651916cd43dd8448eb211c80319c"


def lines(caller: Caller, path: str, **more: Any) -> list[dict[str, Any]]:
    with capture_logs() as captured:
        caller(more.pop("method", "GET"), path, **more)
    return [line for line in captured if line["event"] == "request"]


def test_a_trace_is_carried_on(anybody: Caller) -> None:
    answer = anybody.get("/v1/regions", headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
    assert answer.headers["X-Request-Id"] == TRACE
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", answer.headers["traceparent"])
    assert "b7ad6b7169203331" not in answer.headers["traceparent"], "a span has an id of its own"


@pytest.mark.parametrize("sent", ["", "nonsense", f"00-{'0' * 32}-b7ad6b7169203331-01", "00-xyz-1-01"])
def test_without_a_good_trace_one_is_begun(anybody: Caller, sent: str) -> None:
    begun = {anybody.get("/v1/regions", headers={"traceparent": sent}).headers["X-Request-Id"] for _ in range(2)}
    assert len(begun) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in begun)


def test_the_trace_reaches_the_event(centre: Caller, services: Programme, settings: Config) -> None:
    headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    issued = centre.post("/v1/certificates", json=a_certificate(50_000), headers=headers)
    assert issued.status_code == 201, issued.text
    store = mongo.database(settings, "certification")
    rows = [repr(row) for name in store.list_collection_names() for row in store[name].find()]
    assert [row for row in rows if TRACE in row and "certificate_issued" in row], "the event lacks the trace"


def test_the_log_says_where_a_request_came_from(anybody: Caller) -> None:
    (line,) = lines(anybody, "/v1/regions", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    assert line["source"] == "203.0.113.9"


def test_transport_security_is_promised_where_the_public_address_is_https(settings: Config) -> None:
    for address, promised in (("https://jz.example.cn", "max-age=31536000"), ("http://127.0.0.1:8000", None)):
        answer = create(replace(settings, public_address=address)).test_client().get("/healthz")
        assert answer.headers.get("Strict-Transport-Security") == promised


def test_examples_and_codes_lead_to_the_configured_address_whatever_host_was_asked(settings: Config) -> None:
    app = create(replace(settings, public_address="https://jz.example.cn"))
    page = app.test_client().get("/docs", headers={"Host": "evil.example"})
    assert "https://jz.example.cn/oauth/token" in page.text
    assert "evil.example" not in page.text


def test_one_line_a_request_that_names_the_route_and_never_the_address(centre: Caller) -> None:
    (line,) = lines(centre, "/v1/certificates/130102199001011234?holder_name=王小明")
    assert line["route"] == "/v1/certificates/<number:certificate_number>"
    assert (line["method"], line["status"], line["client_id"]) == ("GET", 422, "centre-130100")
    assert line["problem"] == "invalid"
    assert line["milliseconds"] >= 0
    assert "130102199001011234" not in json.dumps(line, ensure_ascii=False)
    assert "王小明" not in json.dumps(line, ensure_ascii=False)
    (line,) = lines(centre, "/v1/王小明")
    assert line["route"] == "(none)"
    assert "王小明" not in json.dumps(line, ensure_ascii=False)


def test_machines_that_ask_all_the_time_leave_no_lines(anybody: Caller) -> None:
    assert lines(anybody, "/healthz") == []
    assert lines(anybody, "/metrics") == []


def test_requests_are_counted_by_route(anybody: Caller) -> None:
    def counted() -> dict[tuple[str, ...], float]:
        families = text_string_to_metric_families(anybody.get("/metrics").text)
        return {
            (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
            for family in families
            if family.name == "gateway_requests"
            for sample in family.samples
            if sample.name == "gateway_requests_total"
        }

    before = counted()
    anybody.get("/v1/regions")
    anybody.get("/v1/somewhere/else")
    anybody("BREW", "/v1/regions")
    after = counted()
    for key in (("GET", "/v1/regions", "200"), ("GET", "(none)", "404"), ("(other)", "(none)", "405")):
        assert after[key] == before.get(key, 0) + 1, key
    assert not [key for key in after if "somewhere" in key[1]], "an address became a label"


def test_answers_are_not_cached_unless_they_say_so(anybody: Caller, centre: Caller) -> None:
    for answer in (anybody.get("/v1/nowhere"), anybody.get("/healthz"), anybody.get("/v1/certificates")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_alive_needs_nobody(anybody: Caller) -> None:
    assert anybody.get("/healthz").json == {"status": "alive"}


def test_ready_says_of_each_part_whether_it_is(anybody: Caller, services: Programme) -> None:
    ready = anybody.get("/readyz")
    assert ready.status_code == 200, ready.text
    assert ready.json["status"] in ("ready", "degraded")
    checks = ready.json["checks"]
    assert {name: check["ready"] for name, check in checks.items()} == {
        "database": True,
        "broker": True,
        "training": True,
        "certification": True,
        "housekeeping": True,
        "inspections": True,
        "reports": True,
        "targets": True,
    }
    assert checks["certification"]["unpublished"] >= 0, "how far the relay is behind"
    assert "sources" in checks["targets"], "how far the counting is behind"


def test_a_count_that_lags_is_degraded_and_not_unready(
    anybody: Caller, centre: Caller, services: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.start(*COUNTING)
    try:
        assert centre.post("/v1/certificates", json=a_certificate(50_001)).status_code == 201
        services.settle()
        monkeypatch.setattr("gateway.health._LAG_SECONDS", -1)
        lagging = anybody.get("/readyz")
    finally:
        for name in reversed(COUNTING):
            services.stop(name)
    assert (lagging.status_code, lagging.json["status"]) == (200, "degraded")
    assert lagging.json["checks"]["targets"]["sources"][0]["lag_seconds"] >= 0


def test_unready_names_the_part_that_is_away(anybody: Caller, services: Programme) -> None:
    services.stop("targets")
    try:
        unready = _unready(anybody)
    finally:
        services.start("targets")
    assert (unready.status_code, unready.json["status"]) == (503, "unavailable")
    assert unready.json["checks"]["targets"] == {"ready": False}
    assert unready.json["checks"]["certification"]["ready"] is True


def _unready(anybody: Caller) -> TestResponse:
    """What was found a moment ago may still be answered."""
    answers = []

    def unready() -> bool:
        answers.append(anybody.get("/readyz"))
        return answers[-1].status_code == 503

    until(unready, seconds=10, what="/readyz is 503")
    return answers[-1]


def test_what_is_answered_about_readiness_is_less_than_a_second_old(anybody: Caller, services: Programme) -> None:
    ages = [anybody.get("/readyz").json["age_seconds"] for _ in range(20)]
    assert max(ages) <= LOOKED_SECONDS + 3, "and as old as it took to find out"


def test_metrics_are_for_our_own_networks(settings: Config) -> None:
    behind = create(replace(settings, trusted_proxies=1)).test_client()
    statuses = [
        behind.get("/metrics", headers={"X-Forwarded-For": source}).status_code
        for source in ("10.1.2.3", "203.0.113.8", "2001:db8::1", "fd00::1")
    ]
    assert statuses == [200, 404, 404, 200]


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_heads_and_options_are_answered_without_a_body(anybody: Caller, method: str) -> None:
    answer = anybody(method, "/v1/regions")
    assert (answer.status_code, answer.data) == (200, b"")


def test_a_post_costs_three_round_trips_to_the_database(centre: Caller, services: Programme, settings: Config) -> None:
    """One to count the request, two for its key; the token is read without asking anybody, but that every few seconds
    it is looked up whose were ended."""
    assert centre.get("/v1/regions").status_code == 200  # and with it the look
    store = mongo.database(settings, "gateway")
    store.command("profile", 2)
    try:
        posted = centre.post("/v1/certificates", json=a_certificate(50_002), headers={"Idempotency-Key": "profiled"})
    finally:
        store.command("profile", 0)
    assert posted.status_code == 201, posted.text
    found = [row for row in store["system.profile"].find() if not row["ns"].endswith("system.profile")]
    assert len(found) == 3, [(row["op"], row["ns"]) for row in found]
