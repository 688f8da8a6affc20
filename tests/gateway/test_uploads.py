"""A roster goes from the socket into the encrypted store: never whole in memory, never in plain on disk."""

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from flask import Flask
from werkzeug.exceptions import ClientDisconnected
from werkzeug.test import create_environ

from contract.errors import Invalid, Refused
from gateway import problems, uploads
from gateway.uploads import FILE_LIMIT, Upload
from runtime import mongo
from runtime.config import Config
from runtime.files import Files

BOUNDARY = "----------------boundary"


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    named = f'name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    return f"--{BOUNDARY}\r\nContent-Disposition: form-data; {named}\r\n\r\n".encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


class Trickle:
    """A body as a socket gives it: ``chunk`` bytes at a time, made as they are asked for."""

    def __init__(self, blocks: Iterator[bytes], chunk: int = 8192) -> None:
        self._blocks = blocks
        self._chunk = chunk
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        while not self._left:
            self._left = next(self._blocks, None) or b""
            if not self._left:
                return b""
        size = self._chunk if size < 0 else min(size, self._chunk)
        taken, self._left = self._left[:size], self._left[size:]
        return taken


@pytest.fixture
def files(settings: Config) -> Files:
    store = mongo.database(settings, "files")
    store["files"].delete_many({})
    store["blocks"].delete_many({})
    return Files(settings)


def stored(settings: Config) -> int:
    store = mongo.database(settings, "files")
    return store["files"].count_documents({}) + store["blocks"].count_documents({})


def receive(
    app: Flask,
    files: Files,
    body: bytes | Trickle,
    *,
    content_type: str = f"multipart/form-data; boundary={BOUNDARY}",
    content_length: int | None = None,
) -> Upload:
    """Bytes come with their length, a trickle comes chunked unless a length is given."""
    environ = create_environ("/v1/certificate-imports", method="POST")
    environ["CONTENT_TYPE"] = content_type  # werkzeug's builder would put a boundary of its own
    environ["wsgi.input"] = io.BytesIO(body) if isinstance(body, bytes) else body
    if isinstance(body, bytes) and content_length is None:
        content_length = len(body)
    if content_length is None:
        environ.pop("CONTENT_LENGTH", None)
        environ["wsgi.input_terminated"] = True
    else:
        environ["CONTENT_LENGTH"] = str(content_length)
    with app.request_context(environ):
        return uploads.receive(files)


@pytest.mark.parametrize("chunk", [1, 7, 4096, 65536])
def test_the_file_is_stored_byte_for_byte(app: Flask, files: Files, chunk: int) -> None:
    content = os.urandom(3000) + b"\r\n--" + BOUNDARY[:-1].encode() + b"\r\n" + b"\n" * 500 + b"\r"
    body = form(part("file", content, "名单.xlsx"), part("dry_run", b"true"))
    upload = receive(app, files, Trickle(iter([body]), chunk))
    assert (upload.filename, upload.dry_run) == ("名单.xlsx", True)
    assert (upload.stored.size, upload.stored.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert b"".join(files.read(upload.stored.file_id)) == content


def test_fields_may_come_before_the_file_or_not_at_all(app: Flask, files: Files) -> None:
    file = part("file", b"content", "a.csv")
    assert receive(app, files, form(part("dry_run", b"true"), file)).dry_run is True
    assert receive(app, files, form(part("dry_run", b"false"), file)).dry_run is False
    assert receive(app, files, form(file)).dry_run is False


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\\\Users\\\\li\\\\a.xlsx", "a.xlsx"),
        ("../../etc/a.csv", "a.csv"),
        ("a\u202e\x07.csv", "a.csv"),
        ("联系人15400000001.xlsx", "文件.xlsx"),
    ],
)
def test_only_the_name_of_the_file_is_kept(app: Flask, files: Files, sent: str, kept: str) -> None:
    assert receive(app, files, form(part("file", b"content", sent))).filename == kept


def refused(app: Flask, files: Files, settings: Config, body: bytes | Trickle, **more: Any) -> Refused:
    with pytest.raises(Refused) as error:
        receive(app, files, body, **more)
    assert stored(settings) == 0, "something of a refused upload stayed in the store"
    return error.value


FILE = part("file", b"content", "a.csv")


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (form(), "/form/file", "missing"),
        (form(part("dry_run", b"true")), "/form/file", "missing"),
        (form(FILE, FILE), "/form/file", "twice"),
        (form(part("file", b"no file name given")), "/form/file", "twice"),
        (form(part("file", b"", "a.csv")), "/form/file", "empty"),
        (form(part("file", b"x", "")), "/form/file", "filename"),
        (form(FILE, part("dry_run", b"yes")), "/form/dry_run", "choice"),
        (form(FILE, part("dry_run", b"true"), part("dry_run", b"true")), "/form/dry_run", "twice"),
        (form(FILE, part("other", b"x")), "/form/other", "unknown"),
        (form(part("roster", b"x", "a.csv")), "/form/roster", "unknown"),
    ],
)
def test_a_form_with_errors_is_refused_naming_them(
    app: Flask, files: Files, settings: Config, body: bytes, pointer: str, code: str
) -> None:
    refusal = refused(app, files, settings, body)
    assert isinstance(refusal, Invalid)
    assert (pointer, code) in [(error["pointer"], error["code"]) for error in refusal.errors]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not a form",
        FILE,
        FILE + f"--{BOUNDARY}".encode(),
        f"--{BOUNDARY}\r\n\r\nno disposition\r\n--{BOUNDARY}--\r\n".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--{BOUNDARY}--\r\n".encode(),
        f"--{BOUNDARY}\r\n\xff\xfe".encode("latin-1") + b"\xff: \xff\r\n\r\nx\r\n",
    ],
)
def test_a_form_that_breaks_off_is_refused(app: Flask, files: Files, settings: Config, body: bytes) -> None:
    refusal = refused(app, files, settings, body)
    assert isinstance(refusal, problems.MalformedMultipart | Invalid)


def test_a_client_that_hangs_up_leaves_nothing(app: Flask, files: Files, settings: Config) -> None:
    half = form(part("file", b"x" * 300_000, "a.csv"))[:200_000]
    with pytest.raises(ClientDisconnected):
        receive(app, files, half, content_length=400_000)
    assert stored(settings) == 0


@pytest.mark.parametrize("content_type", ["application/json", "text/csv", "application/x-www-form-urlencoded", ""])
def test_other_ways_of_sending_are_not_taken(app: Flask, files: Files, settings: Config, content_type: str) -> None:
    refusal = refused(app, files, settings, form(FILE), content_type=content_type)
    assert isinstance(refusal, problems.MediaTypeUnsupported)


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "b" * 71, "; boundary=é"])
def test_a_form_without_a_boundary_is_refused(app: Flask, files: Files, settings: Config, boundary: str) -> None:
    refusal = refused(app, files, settings, form(FILE), content_type=f"multipart/form-data{boundary}")
    assert isinstance(refusal, problems.MalformedMultipart)


def zeros(size: int) -> Iterator[bytes]:
    yield part("file", b"", "zeros.xlsx")[:-2]
    for _ in range(size // 65536):
        yield bytes(65536)
    yield b"\r\n" + form()


def test_thirty_megabytes_of_zeros_are_refused_and_wholly_read(app: Flask, files: Files, settings: Config) -> None:
    told = Trickle(zeros(30 * 2**20), 65536)
    size = sum(len(block) for block in zeros(30 * 2**20))
    refusal = refused(app, files, settings, told, content_length=size)
    assert isinstance(refusal, problems.BodyTooLarge)
    assert refusal.facts == {"limit_bytes": FILE_LIMIT}
    assert told.read() == b"", "the client was cut off while it was sending, and will not read the refusal"
    untold = Trickle(zeros(30 * 2**20), 65536)
    assert isinstance(refused(app, files, settings, untold), problems.BodyTooLarge)
    assert untold.read() == b""


def test_a_field_that_is_no_field_is_not_read_into_memory(app: Flask, files: Files, settings: Config) -> None:
    refusal = refused(app, files, settings, form(FILE, part("dry_run", b"t" * 10_000)))
    assert isinstance(refusal, problems.BodyTooLarge)


def test_memory_stays_flat_and_no_temporary_file_is_made(
    app: Flask, files: Files, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    receive(app, files, Trickle(zeros(2**20)))  # what is loaded once is loaded
    process = psutil.Process()
    before, open_before = process.memory_info().rss, {file.path for file in process.open_files()}
    highest, opened = before, set()

    def watched() -> Iterator[bytes]:
        nonlocal highest
        for block in zeros(24 * 2**20):
            highest = max(highest, process.memory_info().rss)
            opened.update(file.path for file in process.open_files())
            yield block

    upload = receive(app, files, Trickle(watched(), 65536))
    assert upload.stored.size == 24 * 2**20
    assert highest - before < 8 * 2**20, f"{(highest - before) / 2**20:.1f} MiB more for a file of 24 MiB"
    assert opened <= open_before, "a roster lay in a file"
    assert list(tmp_path.iterdir()) == []
