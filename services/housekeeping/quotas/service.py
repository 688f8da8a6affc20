"""Calls about quotas: set by the province, seen by whom they bind."""

from typing import Any

from pymongo.client_session import ClientSession

from contract import applications as public
from contract import regions
from contract.housekeeping import SubjectKind
from runtime.hosting import rpc
from services.housekeeping import access
from services.housekeeping.access import Actor
from services.housekeeping.calls import Calls
from services.housekeeping.quotas.domain import unit as unit_named
from services.housekeeping.quotas.store import Quotas, quotas_of


class QuotaCalls(Calls):
    @rpc
    def set_quota(self, command: dict[str, Any], actor: dict[str, Any]) -> dict[str, Any]:
        """SetQuota -> Quota; the province's. Refuses NotYourOffice, RegionUnknown."""
        asked, who = public.SetQuota.read(command), Actor.of(actor)
        who.require_office("province")
        root, at, _ = self._now()
        quotas = quotas_of(self.settings)
        unit, kind = unit_named(asked["unit"]), SubjectKind(asked["subject_kind"])

        def work(session: ClientSession) -> str:
            step = {"at": at, "by": who.client_id, "reason": asked["reason"]}
            quotas.set(session, unit=unit.code, kind=kind, year=asked["year"], places=asked["places"], step=step)
            return unit.code

        root.commands.once(who.client_id, asked, work)
        return _shown(quotas, unit.code, kind, asked["year"])

    @rpc
    def quotas(self, actor: dict[str, Any], year: int | None = None) -> dict[str, Any]:
        """``{"items": [Quota]}`` of every unit and kind that the actor may see; this year's unless another is asked."""
        who = Actor.of(actor)
        who.require(access.READ)
        _, _, today = self._now()
        quotas = quotas_of(self.settings)
        items = [
            _shown(quotas, unit.code, kind, year or today.year)
            for unit in regions.units()
            if unit.code in regions.get(who.region).path or regions.within(unit.code, who.region)
            for kind in SubjectKind
        ]
        return {"items": items}


def _shown(quotas: Quotas, unit: str, kind: SubjectKind, year: int) -> dict[str, Any]:
    places, used = quotas.places(unit=unit, kind=kind, year=year)
    return public.Quota.write(
        unit=unit,
        unit_name=regions.get(unit).name,
        subject_kind=kind.value,
        year=year,
        places=places,
        recommended=used,
    )
