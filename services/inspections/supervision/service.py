"""Calls that show the supervision orders, also as they are printed."""

import base64
from typing import Any

from contract import fields
from contract import findings as public
from contract.findings import SupervisionColour
from runtime.hosting import rpc
from runtime.pages import ReadRegion
from services.inspections.access import Actor
from services.inspections.answers import plain
from services.inspections.calls import Calls
from services.inspections.supervision.document import docx
from services.inspections.supervision.domain import SupervisionOrder
from services.inspections.supervision.store import supervision as kept_supervision


class ReadSupervision(ReadRegion):
    target_id = fields.Text(at_most=10)
    colour = fields.Choice(SupervisionColour)
    finding_id = fields.Id()


class SupervisionCalls(Calls):
    @rpc
    def supervision_order(self, supervision_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> SupervisionOrder. Refuses SupervisionOrderNotFound, InspectionsNotAllowed."""
        return _shown(self._seen(kept_supervision(self.settings), supervision_id, Actor.of(actor)))

    @rpc
    def supervision_document(self, supervision_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """``{"content": base64 of a docx}``. Refuses SupervisionOrderNotFound, InspectionsNotAllowed."""
        order = self._seen(kept_supervision(self.settings), supervision_id, Actor.of(actor))
        written = docx(order, issuer=self._plan().notices.issuer)
        return {"content": base64.b64encode(written).decode()}

    @rpc
    def supervision_orders(self, actor: dict[str, Any], **asked: Any) -> dict[str, Any]:
        """ReadSupervision -> ``{"items": [SupervisionOrder], "next": cursor or None}`` of those that the actor may
        see. Refuses InspectionsNotAllowed."""
        page = kept_supervision(self.settings).page
        return self._listed(actor, ReadSupervision, asked, page, lambda found: [_shown(each) for each in found])


def _shown(issued: SupervisionOrder) -> dict[str, Any]:
    days = {"issued_on": issued.issued_on, "due_on": issued.due_on, "next_on": issued.next_on}
    return public.SupervisionOrder.write(**plain(issued), **days)
