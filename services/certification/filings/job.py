"""Certificates that wait for their body's filing, taken up once it is there; for the process certification.imports."""

import time

from pymongo.client_session import ClientSession

from contract.words import CertificateStatus
from runtime import clock
from runtime.config import Config
from services.certification import domain
from services.certification.filings.domain import is_filed
from services.certification.filings.store import filings
from services.certification.store import certificates

BY = "filings"
_PAUSE = 1.0  # seconds between looks for new filings
_BATCH = 200


class Accepting:
    def __init__(self, config: Config) -> None:
        self._filings = filings(config)
        self._certificates = certificates(config)
        self._looked: tuple[tuple[int, int], dict[str, int]] | None = None
        self._next = 0.0

    def work(self) -> bool:
        """Take up what waits, if a filing or what waits for one is new since the last look. False when nothing was."""
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + _PAUSE
        seen = self._filings.heard(), self._certificates.unfiled_bodies()
        if seen == self._looked:
            return False
        taken = sum(self._of(assessor) for assessor in seen[1])
        self._looked = seen
        return taken > 0

    def _of(self, assessor: str) -> int:
        taken, after = 0, ""

        def batch(session: ClientSession) -> tuple[int, str | None]:
            filed = self._filings.of([assessor], session)
            waiting = self._certificates.unfiled(assessor, session, after=after, limit=_BATCH) if filed else []
            at = clock.now()
            changes = [
                (one, domain.now_filed(one, at=at, by=BY))
                for one in waiting
                if one.status is not CertificateStatus.REVOKED
                and is_filed(number=one.number, assessor=assessor, issued_on=one.issued_on, filed=filed)
            ]
            self._certificates.replace(session, changes)
            return len(changes), waiting[-1].certificate_id if len(waiting) == _BATCH else None

        while True:
            number, last = self._certificates.transact(batch)
            taken += number
            if last is None:
                return taken
            after = last
