"""What is long is sent packed to who takes it so, and its ETag stays right."""

import gzip

import pytest
from werkzeug import Response

from gateway.app import create
from runtime.config import Config
from tests.gateway.callers import Caller

PACKED = {"Accept-Encoding": "gzip, br"}


@pytest.mark.parametrize("path", ["/v1/regions", "/docs", "/openapi.json", "/v1/targets"])
@pytest.mark.usefixtures("services")
def test_a_long_answer_is_packed_for_who_takes_it_and_is_the_same(anybody: Caller, path: str) -> None:
    plain, packed = anybody.get(path), anybody.get(path, headers=PACKED)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) / 3
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.vary
        assert int(answer.headers["Content-Length"]) == len(answer.data)
    if path != "/v1/targets":  # its clock goes on
        assert gzip.decompress(packed.data) == plain.data


@pytest.mark.parametrize("path", ["/v1/regions", "/docs", "/openapi.json"])
def test_a_packed_answer_that_one_has_is_not_sent_again(anybody: Caller, path: str) -> None:
    tag = anybody.get(path, headers=PACKED).headers["ETag"]
    for headers in ({}, PACKED):
        again = anybody.get(path, headers={**headers, "If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")


def test_what_refuses_gzip_gets_none(anybody: Caller) -> None:
    assert "Content-Encoding" not in anybody.get("/docs", headers={"Accept-Encoding": "gzip;q=0, br"}).headers


def test_a_record_that_if_match_names_is_sent_as_its_etag_says(settings: Config) -> None:
    """However long it is: a packed one would be another representation, of another strong ETag."""
    with create(settings).test_request_context("/", headers=PACKED) as context:
        context.app.preprocess_request()
        record = Response("x" * 5_000, content_type="application/json")
        record.set_etag("3")
        assert "Content-Encoding" not in context.app.process_response(record).headers
