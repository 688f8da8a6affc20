"""Multipart uploads, streamed from the socket into the encrypted file store.

Flask's own form parser would put a roster, personal data in plain, into a temporary file; here no more than one block
is held, in memory.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any

from flask import current_app, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from contract import personal
from contract.errors import Invalid, field_error
from gateway import problems
from runtime.files import Files, Stored, TooLarge

FILE_LIMIT = 25 * 2**20
_FORM_LIMIT = FILE_LIMIT + 64 * 2**10  # the file, and what stands around it
_DRAIN_LIMIT = 64 * 2**20
_BLOCK = 64 * 2**10
_FIELD_LIMIT = 100
_NAME_LIMIT = 200


def form(media_type: str, description: str, **more: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a form with one ``file``, and ``more`` fields that may be there."""
    file = {"type": "string", "contentMediaType": media_type, "description": description}
    return {
        "type": "object",
        "required": ["file"],
        "additionalProperties": False,
        "properties": {"file": file, **more},
    }


@dataclass(frozen=True)
class Upload:
    stored: Stored
    filename: str
    dry_run: bool


def receive(files: Files) -> Upload:
    """The request's one ``file`` and its ``dry_run``, the file stored. Nothing stays stored when anything is wrong.

    Raises MediaTypeUnsupported, BodyTooLarge, MalformedMultipart, Invalid, UploadQuotaReached, StorageFull.
    """
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != "multipart/form-data":
        raise problems.MediaTypeUnsupported(
            "请以 multipart/form-data 上传",
            "upload as multipart/form-data",
            headers={"Accept": "multipart/form-data"},
        )
    if not boundary.isascii() or not 0 < len(boundary) <= 200:  # 70 by RFC 2046, which common clients pass over
        raise _malformed("缺少可用的 boundary", "there is no usable boundary")
    request.max_content_length = sys.maxsize  # counted here, so that the rest can be drained
    stream = request.stream
    if (request.content_length or 0) > _FORM_LIMIT:
        _drain(stream)
        raise problems.too_large(FILE_LIMIT)
    form = _Form(files, _events(stream, boundary.encode()))
    try:
        with (
            current_app.extensions["uploads"].turn(),
            current_app.extensions["quotas"].upload(min(request.content_length or _FORM_LIMIT, _FORM_LIMIT)) as store,
        ):
            form.read()
            upload = form.upload()
            store(upload.stored.size)
            return upload
    except (TooLarge, RequestEntityTooLarge):
        form.forget()
        _drain(stream)
        raise problems.too_large(FILE_LIMIT) from None
    except ValueError:  # the decoder's word for a malformed form
        form.forget()
        raise _malformed("表单数据不完整或有误", "the form data is incomplete or malformed") from None
    except BaseException:
        form.forget()
        raise


class _Form:
    def __init__(self, files: Files, events: Iterator[Event]) -> None:
        self._files = files
        self._events = events
        self._stored: Stored | None = None
        self._filename = ""
        self._dry_run: str | None = None
        self._faults: list[dict[str, str]] = []

    def read(self) -> None:
        for event in self._events:
            if isinstance(event, File) and event.name == "file" and self._stored is None:
                self._filename = _base(event.filename)
                self._stored = self._files.write(
                    _Part(self._events),
                    filename=self._filename or "-",
                    limit=FILE_LIMIT,
                    expires_at=current_app.extensions["quotas"].expires_at(),
                )
            elif isinstance(event, Field) and event.name == "dry_run" and self._dry_run is None:
                self._dry_run = self._text()
            elif isinstance(event, File | Field):
                self._skip(event.name)

    def upload(self) -> Upload:
        """Raises Invalid when a part is missing, unknown or malformed."""
        if self._stored is None:
            self._fault("file", "missing", "必填", "required")
        elif not self._filename:
            self._fault("file", "filename", "缺少文件名", "has no file name")
        elif self._stored.size == 0:
            self._fault("file", "empty", "文件为空", "is empty")
        if self._dry_run not in (None, "true", "false"):
            self._fault("dry_run", "choice", "应为 true 或 false", "must be true or false")
        if self._faults or self._stored is None:
            raise Invalid("表单有误", "the form has errors", self._faults[:20])
        return Upload(self._stored, self._filename, self._dry_run == "true")

    def forget(self) -> None:
        if self._stored is not None:
            self._files.delete(self._stored.file_id)

    def _text(self) -> str:
        content = b""
        for block in _blocks(self._events):
            content += block
            if len(content) > _FIELD_LIMIT:
                raise RequestEntityTooLarge()
        return content.decode("utf-8", "replace").strip()

    def _skip(self, name: str | None) -> None:
        known = name in ("file", "dry_run")
        zh, en = (
            ("重复或不应为此类", "is there twice, or of the wrong kind")
            if known
            else ("没有这个字段", "is not a known field")
        )
        self._fault(str(name)[:50], "twice" if known else "unknown", zh, en)
        for _block in _blocks(self._events):
            pass

    def _fault(self, name: str, code: str, zh: str, en: str) -> None:
        self._faults.append(field_error(f"/form/{name}", code, zh, en))


class _Part:
    """One part's content, as a stream that can only be read."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._blocks = _blocks(events)
        self._left = b""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes, none at the end."""
        block = self._left or next(self._blocks, b"")
        taken, self._left = block[:size], block[size:]
        return taken


def _events(stream: IO[bytes], boundary: bytes) -> Iterator[Event]:
    """Raises ValueError for a malformed form, RequestEntityTooLarge past the limit."""
    decoder = MultipartDecoder(boundary, max_form_memory_size=4 * _BLOCK, max_parts=20)
    taken = 0
    while True:
        event = decoder.next_event()
        if isinstance(event, NeedData):
            block = stream.read(_BLOCK)
            taken += len(block)
            if taken > _FORM_LIMIT:
                raise RequestEntityTooLarge()
            decoder.receive_data(block or None)
            continue
        yield event
        if isinstance(event, Epilogue):
            return


def _blocks(events: Iterator[Event]) -> Iterator[bytes]:
    for event in events:
        if not isinstance(event, Data):
            raise ValueError("a part ended early")
        if event.data:
            yield event.data
        if not event.more_data:
            return


def _base(filename: str) -> str:
    """Without folders, as some browsers send them, and without what no file name has. Of a name with somebody's number
    in it only the ending stays: people call a scan after whom it shows, and names are kept and shown in plain."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in name if letter.isprintable())[-_NAME_LIMIT:].strip()
    return f"文件{PurePosixPath(name).suffix[:10]}" if personal.has_number(name) else name


def _drain(stream: IO[bytes]) -> None:
    """Take in what is still being sent: a client that is cut off while sending never reads the refusal."""
    left = _DRAIN_LIMIT
    while left > 0 and (block := stream.read(_BLOCK)):
        left -= len(block)


def _malformed(zh: str, en: str) -> problems.MalformedMultipart:
    return problems.MalformedMultipart(zh, en)
