"""A downloaded form (填报表), filled in as an office does it, and the small document that proves its figures."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import python_calamine
import xlsxwriter

from samples.ledger import Line


@dataclass(frozen=True)
class Proof:
    """A document that was handed in."""

    file_id: str
    sha256: str


def fill(form: bytes, lines: Sequence[Line], proof: Proof) -> bytes:
    """The form with the lines filled in; rows that nothing is filled in are left out. Raises KeyError for a line that
    the form does not ask for."""
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(form)).get_sheet_by_index(0)
    header, *rows = [[str(cell) for cell in row] for row in sheet.to_python()]
    at = {heading: place for place, heading in enumerate(header)}
    asked = {(row[at["指标编号"]], row[at["行政区划"]], row[at["期别"]]): row for row in rows}
    filled: list[list[str | Decimal]] = []
    for line in lines:
        row: list[str | Decimal] = [*asked[line.target_id, line.region, line.period]]
        for heading, content in _cells(line, proof).items():
            row[at[heading]] = content
        filled.append(row)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    written = book.add_worksheet("填报")
    everything: list[Sequence[str | Decimal]] = [header, *filled]
    for number, cells in enumerate(everything):
        for place, cell in enumerate(cells):
            if isinstance(cell, Decimal):
                written.write_number(number, place, float(cell))
            elif cell:
                written.write_string(number, place, cell)
    book.close()
    return out.getvalue()


def document(title: str) -> bytes:
    """A PDF of one page that says ``title`` (ASCII)."""
    text = f"BT /F1 18 Tf 72 720 Td ({title}) Tj ET".encode("ascii")
    parts = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    written, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    begins, count = len(written), len(parts) + 1
    written += b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
    return written + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count, begins)


def _cells(line: Line, proof: Proof) -> dict[str, str | Decimal]:
    given = {
        "累计完成": line.cumulative,
        "工作状态": line.state and line.state.value,
        "开工": line.started,
        "建成": line.completed,
        "验收": line.inspected,
        "存在问题": line.problems,
        "下步措施": line.next_steps,
        "佐证材料": f"{proof.file_id}:{proof.sha256}" if line.proved else None,
    }
    return {heading: content for heading, content in given.items() if content is not None}
