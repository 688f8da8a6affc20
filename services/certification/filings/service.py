"""What training tells of filings."""

from typing import Any

from contract import training
from contract.message import Said
from runtime.events import listen
from services.certification.filings.store import filings


class FilingCalls:
    settings: Any  # runtime.config.Config

    @listen(*training.EVENTS)
    def on_filing(self, said: Said) -> None:
        """What assessors have filed is kept beside the certificates; of centres nothing is."""
        if issubclass(said.event, training.AssessorEvent):
            filings(self.settings).hear(said.data)
