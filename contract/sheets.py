"""What became of the sheets of a workbook that somebody uploaded."""

from contract import fields
from contract.message import Message


class SheetRead(Message):
    """``rows`` that hold something under the header; ``hidden_rows`` of them are hidden, by a filter or by hand, and
    were read like the others. ``reason``: why it was not read."""

    name = fields.Text(required=True, at_least=0, at_most=100)
    is_read = fields.Yes(required=True)
    rows = fields.Whole(required=True)
    hidden_rows = fields.Whole(required=True)
    reason = fields.Text(required=True, allow_none=True)
    reason_en = fields.Text(required=True, allow_none=True)
