"""A 督查单 as a document in official style (公文), with the receipt (回执) that its addressees fill in.

The template, supervision.docx, is edited in a word processor; what stands in ``{{ }}`` there is filled in here with
what was kept when the order was issued. Fonts are named and not embedded: 方正小标宋, 黑体 and 仿宋, as GB/T 9704
has them.
"""

import io
from pathlib import Path

from docxtpl import DocxTemplate

from services.inspections.supervision.domain import SupervisionOrder

_TEMPLATE = Path(__file__).with_name("supervision.docx")


def docx(order: SupervisionOrder, *, issuer: str) -> bytes:
    """``issuer``: whose letter it is, at its head and at its foot."""
    title, number, addressees, *said, issued_on = order.lines
    template = DocxTemplate(_TEMPLATE)
    template.render(
        {
            "issuer": issuer,
            "number": number,
            "colour": order.colour.value,
            "title": title,
            "addressees": addressees.removeprefix("致："),
            "lines": [_labelled(line) for line in said],
            "issued_on": issued_on,
        },
        autoescape=True,
    )
    written = io.BytesIO()
    template.save(written)
    return written.getvalue()


def _labelled(line: str) -> dict[str, str]:
    """``事项：…``: what stands before the first colon is printed bold; a line without one has no label."""
    label, colon, text = line.partition("：")
    return {"label": label + colon, "text": text} if colon else {"label": "", "text": line}
