"""Files as answers: kept ones, streamed from the encrypted file store, and those that a service has just made.

A file is named after what it is about, never after what its uploader called it.
"""

import base64

from flask import current_app
from werkzeug import Response

from contract.errors import Refused
from runtime.files import FileMissing, Files

BYTES = "application/octet-stream"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def kept(file_id: str, media_type: str, name: str, *, missing: Refused, size: int | None = None) -> Response:
    """The file, a block at a time. ``size``, in bytes, goes into Content-Length where it is known. Raises ``missing``
    when the file is gone."""
    files: Files = current_app.extensions["files"]
    try:
        blocks = files.read(file_id)
    except FileMissing:
        raise missing from None
    response = Response(blocks, content_type=media_type)
    if size is not None:
        response.content_length = size
    return _named(response, name)


def proof(file_id: str, sha256: str, *, missing: Refused) -> Response:
    """A document that a record names by id and digest. Raises ``missing`` when the file is gone or is another one: an
    id alone, of whatever file, shows nothing."""
    files: Files = current_app.extensions["files"]
    try:
        same = files.describe(file_id).sha256 == sha256
    except FileMissing:
        same = False
    if not same:
        raise missing
    return kept(file_id, BYTES, f"{file_id}.bin", missing=missing)


def made(content: str, media_type: str, name: str) -> Response:
    """``content``: base64, as a service answers with it."""
    return _named(Response(base64.b64decode(content), content_type=media_type), name)


def _named(response: Response, name: str) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
