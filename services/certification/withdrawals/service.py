"""What inspections order: a certificate withdrawn, or given back."""

from typing import Any

from pymongo.client_session import ClientSession

from contract.inspections import CountedFact
from contract.message import Said
from contract.withdrawals import WITHDRAWALS, WithdrawalLifted
from contract.words import ImportState
from runtime import clock
from runtime.events import listen
from services.certification import store
from services.certification.domain import Certificate
from services.certification.rosters.store import Imports, imports
from services.certification.withdrawals.domain import give_back, withdraw
from services.certification.withdrawals.store import Withdrawals

_RECALLED = (ImportState.RECALLING, ImportState.RECALLED)


class WithdrawalCalls:
    settings: Any  # runtime.config.Config

    @listen(*WITHDRAWALS)
    def on_withdrawal(self, said: Said) -> None:
        """Done or refused, and answered, in one transaction. The newest version of an order stands; what was answered
        before, or is older, changes nothing."""
        told = said.data
        if told["fact"] != CountedFact.CERTIFICATE:
            return
        certificates, at = store.certificates(self.settings), clock.now()
        orders, rosters = Withdrawals(certificates.store, certificates.outbox), imports(self.settings)
        order = {
            "order_id": told["order_id"],
            "version": told["version"],
            "certificate_id": told["fact_id"],
            "reason": told["reason"],
            "at": at,
        }

        def work(session: ClientSession) -> None:
            before = orders.get(told["order_id"], session)
            if before is not None and before.version >= told["version"]:
                return
            certificate = certificates.with_id(told["fact_id"], session)
            if said.event is WithdrawalLifted:
                recalled = _recalled(rosters, certificate, session)
                answer, after = give_back(certificate, before, recalled=recalled, **order)
            else:
                answer, after = withdraw(certificate, **order)
            if certificate is not None and after is not None:
                certificates.replace(session, [(certificate, after)])
            orders.answer(session, answer, at=at)

        certificates.transact(work)


def _recalled(rosters: Imports, certificate: Certificate | None, session: ClientSession) -> bool:
    if certificate is None or certificate.import_id is None:
        return False
    return rosters.state(certificate.import_id, session) in _RECALLED
