"""Calls about samples: inspections asks for one, and anybody who may see it can have it drawn again."""

from itertools import islice
from typing import Any

import plan as plans
from contract import fields, inspections, regions
from contract import targets as public
from contract.actor import Actor
from contract.message import Message, Said
from contract.sight import tells_apart
from runtime.events import listen
from runtime.hosting import rpc
from runtime.mongo import Document, database
from services.targets.samples.domain import proved
from services.targets.samples.store import Samples

_READ = {"inspections:read", "inspections:write"}


class ReadFrame(Message):
    after = fields.Whole()
    limit = fields.Whole(at_least=1, at_most=1000)


class SampleCalls:
    settings: Any  # runtime.config.Config

    @listen(*inspections.SAMPLES)
    def on_inspection_planned(self, said: Said) -> None:
        """Kept for the desk, which draws it: a large frame takes longer than a listener should."""
        told = {name: said.data[name] for name in ("inspection_id", "target_id", "region", "size", "seed")}
        self._samples().want(told | {"as_of": said.data["as_of"].isoformat()})

    @rpc
    def redraw(self, inspection_id: str, actor: dict[str, Any]) -> dict[str, Any]:
        """-> Redrawn: drawn again from the frame as it is kept. Refuses SampleNotFound."""
        samples = self._samples()
        found = self._seen(samples, inspection_id, actor)
        lines = list(samples.lines(inspection_id))
        told: dict[str, Any] = {name: found[name] for name in ("seed", "size", "frame_size", "frame_digest", "sample")}
        return public.Redrawn.write(
            inspection_id=inspection_id,
            proved=len(lines) == told["frame_size"]
            and proved(
                lines,
                seed=told["seed"],
                size=told["size"],
                digest_told=told["frame_digest"],
                sample_told=told["sample"],
            ),
            **told,
        )

    @rpc
    def frame(
        self, inspection_id: str, actor: dict[str, Any], after: int | None = None, limit: int = 500
    ) -> dict[str, Any]:
        """``{"items": [FrameLine], "next"}`` in the order of the draw. Refuses SampleNotFound."""
        asked = ReadFrame.read({"limit": limit} | ({} if after is None else {"after": after}))
        samples = self._samples()
        self._seen(samples, inspection_id, actor)
        before = asked.get("after", 0)
        found = list(islice(samples.lines(inspection_id, after=before), asked["limit"] + 1))
        items = [
            public.FrameLine.write(number=number, line=line)
            for number, line in enumerate(found[: asked["limit"]], before + 1)
        ]
        return {"items": items, "next": items[-1]["number"] if len(found) > asked["limit"] else None}

    def _samples(self) -> Samples:
        return Samples(database(self.settings, "targets"))

    def _seen(self, samples: Samples, inspection_id: str, actor: dict[str, Any]) -> Document:
        """One that is drawn, of the actor's region and indicators. Raises SampleNotFound."""
        who = Actor.of(actor)
        plan = plans.read(self.settings.plan_file)
        own = plan.concerning(role=who.role, organisation=who.organisation, region=who.region)
        found = samples.get(inspection_id)
        if (
            found is None
            or "frame_digest" not in found
            or not who.has(*_READ)
            or not regions.within(found["region"], who.region)
            or found["target_id"] not in own
            or not tells_apart(who, plan.indicators[found["target_id"]].fact)
        ):
            raise public.SampleNotFound(
                "没有这次抽样，或样本尚未抽出", "there is no such sample, or it is not drawn yet: try again shortly"
            )
        return found
