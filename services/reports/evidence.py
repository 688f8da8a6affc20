"""Files that prove a figure: known by their content, never by their name. pdf, jpg, png, xlsx and docx are taken;
other archives are not, because nobody can look at what is in them without unpacking it."""

import os
import zipfile
from collections.abc import Sequence
from typing import IO, Any

from contract.errors import field_error
from runtime.files import FileMissing, Files
from services.reports.domain import Evidence, invalid

_STARTS = {b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}
_OFFICE = {"xl/workbook.xml": "xlsx", "word/document.xml": "docx"}
_UNPACKED = 200 << 20
_MACROS = "vbaProject.bin"
_DIRECTORY = 1 << 20  # bytes: what an archive says of its members is read whole, and becomes ten times as much
_END = b"PK\x05\x06"  # of an archive, with the size of its directory 12 bytes on

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class Examiner:
    """Looks at each file once, however many lines name it."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._known: dict[tuple[str, str], tuple[str | None, int]] = {}

    def examined(self, named: Sequence[dict[str, Any]]) -> tuple[Evidence, ...]:
        """What contract.reports.NamedEvidence names. Raises ReportInvalid naming each that is not there, is another
        file than its digest says, or is of a kind that is not taken."""
        found, faults = [], []
        for place, one in enumerate(named):
            try:
                kind, size = self._look(one["file_id"], one["sha256"])
            except FileMissing:
                zh, en = "没有这份材料，请重新上传", "there is no such file: hand it in again"
                faults.append(field_error(f"/evidence/{place}/file_id", "not_found", zh, en))
                continue
            if kind is None:
                zh = "只接受PDF、JPG、PNG、XLSX、DOCX（不含宏），请转换格式后重新上传"
                en = "only pdf, jpg, png, xlsx and docx without macros are taken: convert it and hand it in again"
                faults.append(field_error(f"/evidence/{place}/file_id", "file_type", zh, en))
                continue
            found.append(Evidence(one["file_id"], one["sha256"], one["title"], kind, size))
        if len({one["file_id"] for one in named}) != len(named):
            faults.append(field_error("/evidence", "twice", "同一材料重复出现", "a file is there more than once"))
        if faults:
            raise invalid(*faults)
        return tuple(found)

    def _look(self, file_id: str, sha256: str) -> tuple[str | None, int]:
        """Its kind and size. Raises FileMissing; an id alone, of whatever file, is no evidence."""
        if (file_id, sha256) not in self._known:
            stored = self._files.describe(file_id)
            if stored.sha256 != sha256:
                raise FileMissing(file_id)
            with self._files.spool(file_id) as file:
                self._known[file_id, sha256] = kind_of(file), stored.size
        return self._known[file_id, sha256]


def kind_of(file: IO[bytes]) -> str | None:
    start = file.read(8)
    for begins, kind in _STARTS.items():
        if start.startswith(begins):
            return kind
    if not start.startswith(b"PK\x03\x04"):
        return None
    if _directory(file) > _DIRECTORY:
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    names = {member.filename for member in members}
    if sum(member.file_size for member in members) > _UNPACKED or "[Content_Types].xml" not in names:
        return None
    if any(name.endswith(_MACROS) for name in names):
        return None
    return next((kind for name, kind in _OFFICE.items() if name in names), None)


def _directory(file: IO[bytes]) -> int:
    """How many bytes the archive's directory has, as its end says; 0 where there is none to read."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 22))
    tail = file.read()
    at = tail.rfind(_END)
    return int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
