"""Evidence is what it is by its content."""

import io
import tracemalloc
import zipfile

import pytest

from contract import reports as public
from runtime.config import Config
from services.reports.evidence import kind_of
from services.reports.service import Reports
from tests.services.reports.builders import HOUSING_REVIEWER, PDF, REVIEWER, UNIT_REPORTER, hand_in
from tests.services.reports.conftest import Desk


def packed(*names: str, content: bytes = b"<x/>") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


WORKBOOK = ("[Content_Types].xml", "xl/workbook.xml")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, "pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "png"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "jpg"),
        (packed(*WORKBOOK), "xlsx"),
        (packed("[Content_Types].xml", "word/document.xml"), "docx"),
        (packed(*WORKBOOK, "xl/vbaProject.bin"), None),
        (packed("a.pdf"), None),
        (b"PK\x03\x04 and nothing more", None),
        (b"MZ\x90\x00", None),
        (b"<script>", None),
        (b"", None),
    ],
    ids=["pdf", "png", "jpg", "xlsx", "docx", "macros", "zip", "torn zip", "exe", "html", "empty"],
)
def test_a_file_is_told_by_its_content(content: bytes, kind: str | None) -> None:
    assert kind_of(io.BytesIO(content)) == kind


def test_a_workbook_that_unpacks_into_too_much_is_none() -> None:
    assert kind_of(io.BytesIO(packed(*WORKBOOK, content=bytes(110 << 20)))) is None


def test_an_archive_of_forty_thousand_names_is_none_and_is_not_listed() -> None:
    many = packed(*WORKBOOK, *(f"a{number}" for number in range(40_000)), content=b"")
    tracemalloc.start()
    assert kind_of(io.BytesIO(many)) is None
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


def test_what_is_no_evidence_is_refused_each_by_its_place(desk: Desk, settings: Config) -> None:
    good, other = hand_in(settings), hand_in(settings)
    forged = {**other, "sha256": "0" * 64}
    wrong = hand_in(settings, b"MZ\x90\x00")
    gone = {**good, "file_id": "0" * 24}
    with pytest.raises(public.ReportInvalid) as refused:
        desk.file(evidence=[good, forged, wrong, gone, good])
    assert [(error["pointer"], error["code"]) for error in refused.value.errors] == [
        ("/evidence/1/file_id", "not_found"),
        ("/evidence/2/file_id", "file_type"),
        ("/evidence/3/file_id", "not_found"),
        ("/evidence", "twice"),
    ]


def test_evidence_of_every_version_is_seen_by_who_sees_the_line(desk: Desk, service: Reports, settings: Config) -> None:
    first = desk.file()
    newer = hand_in(settings)
    desk.file(cumulative="11", evidence=[newer])
    for file in (desk.proof[0], newer):
        found = service.report_evidence(first["report_id"], file["file_id"], REVIEWER)
        assert (found["sha256"], found["kind"]) == (file["sha256"], "pdf")
    with pytest.raises(public.ReportEvidenceNotFound):
        service.report_evidence(first["report_id"], "0" * 24, REVIEWER)
    road = desk.file(UNIT_REPORTER, target_id="4.1")
    with pytest.raises(public.ReportNotFound):
        service.report_evidence(road["report_id"], newer["file_id"], HOUSING_REVIEWER)
