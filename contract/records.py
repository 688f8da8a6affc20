"""What every service's log has of records whose change concerns no other service: that they were written, and how they
then were. Nobody hears it; the audit compares the records with it."""

from contract import fields
from contract.message import Event


class _RecordWritten(Event):
    """``record``: collection/id. How it then was is in the envelope's ``imprints``."""

    log_only = True

    record = fields.Text(required=True)


def _of(service: str) -> type[Event]:
    return type("RecordWritten", (_RecordWritten,), {"service": service, "__module__": __name__})


SERVICES = ("training", "certification", "housekeeping", "reports", "inspections", "targets")
RECORD_WRITTEN = {service: _of(service) for service in SERVICES}
