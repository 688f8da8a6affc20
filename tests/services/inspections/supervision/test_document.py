import datetime as dt
import io
from dataclasses import replace

import pytest
from docx import Document
from docx.document import Document as Docx

from contract.findings import SupervisionColour
from services.inspections.supervision.document import docx
from services.inspections.supervision.domain import SupervisionOrder
from tests.services.inspections.builders import a_finding
from tests.services.inspections.supervision.test_domain import issued

ISSUER = "河北省发展和改革委员会"
ON = dt.date(2023, 8, 17)


def printed(order: SupervisionOrder) -> Docx:
    return Document(io.BytesIO(docx(order, issuer=ISSUER)))


def test_the_document_says_what_was_kept_when_the_order_was_issued_and_nothing_else() -> None:
    order, _ = issued(a_finding(), ON, serial=7)
    title, number, addressees, *said, issued_on = order.lines
    told = [paragraph.text for paragraph in printed(order).paragraphs if paragraph.text.strip()]
    addressed = addressees.removeprefix("致：") + "："
    assert told == [ISSUER, number, title, addressed, *said, ISSUER, issued_on, "督查单回执"]


@pytest.mark.parametrize(("colour", "rgb"), [("蓝", "1F5FA8"), ("橙", "D9730D"), ("红", "C00000")])
def test_its_heading_has_the_colour_that_it_names(colour: str, rgb: str) -> None:
    order, _ = issued(a_finding(), ON)
    order = replace(order, colour=SupervisionColour(colour), lines=(f"{colour}色督查单", *order.lines[1:]))
    (run,) = [run for paragraph in printed(order).paragraphs for run in paragraph.runs if run.text == order.lines[0]]
    assert str(run.font.color.rgb) == rgb


def test_the_receipt_bears_the_number_and_leaves_the_rest_to_be_filled_in() -> None:
    order, _ = issued(a_finding(), ON, serial=7)
    (receipt,) = printed(order).tables
    rows = {row.cells[0].text: row.cells[1].text.strip() for row in receipt.rows}
    assert rows.pop("督查单号") == order.number
    assert set(rows) == {"责任单位", "整改情况", "佐证材料", "负责人签字", "报送日期"}
    assert not rows["整改情况"]


def test_what_an_inspector_wrote_is_text_and_never_markup() -> None:
    order, _ = issued(replace(a_finding(), text="名册 <b>A&B</b> 与 {{ 现场 }} 不符：缺3人"), ON)
    assert any("名册 <b>A&B</b> 与 {{ 现场 }} 不符：缺3人" in paragraph.text for paragraph in printed(order).paragraphs)
