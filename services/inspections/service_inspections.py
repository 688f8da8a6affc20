"""Calls about inspections: planned, their samples heard of, and shown."""

from contract.message import Said
from services.inspections.calls import Calls


class InspectionCalls(Calls):
    def hear_sample(self, said: Said) -> None:
        raise NotImplementedError(said.event.type())

    def hear_answer(self, said: Said) -> None:
        raise NotImplementedError(said.event.type())
