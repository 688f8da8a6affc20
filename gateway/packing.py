"""gzip of what is long and text, for who takes it.

Only answers to GET, and none with a strong ETag: that names these very bytes, and If-Match sends it back. Nothing here
can be guessed by the length of an answer (BREACH): a browser sends no credentials by itself, which such an attack needs
a page of the attacker's to make it do, and no answer holds a secret beside what the caller wrote.
"""

import gzip

from flask import Flask, request
from werkzeug import Response

LEAST = 1024  # bytes
LEVEL = 5
_TEXT = frozenset(
    ("application/json", "application/problem+json", "text/html", "text/csv", "text/css", "image/svg+xml")
)


def register(app: Flask) -> None:
    @app.after_request
    def pack(response: Response) -> Response:
        if request.method != "GET" or response.mimetype not in _TEXT or "Content-Encoding" in response.headers:
            return response
        response.vary.add("Accept-Encoding")
        tag, weak = response.get_etag()
        if (
            response.status_code != 200
            or (tag is not None and not weak)
            or response.is_streamed
            or response.direct_passthrough
            or not wanted()
        ):
            return response
        plain = response.get_data()
        if len(plain) >= LEAST:
            response.set_data(gzip.compress(plain, LEVEL, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
        return response


def wanted() -> bool:
    return request.accept_encodings.quality("gzip") > 0
