"""What the audit does not look at, and why: all else that is stored it must name when it is altered.

A collection or a field that is neither here nor looked at fails the test.
"""

from contract.records import SERVICES

_GUARD = "makes two who write at once meet; nothing is shown of it"
_LEASE = "who works at the moment"
_KEYS = "wrapped by MASTER_KEY: altered, what is sealed can no longer be opened"
_SERIAL = "the last number given; each number given is unique in its record"
_CLOCK = "by how much a demonstration's clock is off; production refuses it"
_ROSTER = "how an upload was settled, row by row, told to whoever handed it in; what came of it are records"
_ASKED = "when somebody looked for what is odd, and how much was found; what was found is an event"
_SEEN = "who saw whose personal data and why: read by who is responsible for that, published nowhere"
_ONCE = "commands and what they were about, so that one told again is known"
_UPGRADED = "how far an upgrade has gone through older records; what it changed in them is in the log"
_ASIDE = "what a worker could not process, until it can"
_LAST = "what went last to each queue; a hearer whose place is another one asks, and the log answers"
_COPY = "another document beside the one that is read: nobody reads it"

WHOLE: dict[tuple[str, str], str] = {
    **{(service, "leases"): _LEASE for service in SERVICES},
    **{(service, "keys"): _KEYS for service in SERVICES},
    **{(service, "serials"): _SERIAL for service in SERVICES},
    **{(service, "timepiece"): _CLOCK for service in SERVICES},
    **{(service, "commands"): _ONCE for service in SERVICES},
    **{(service, "quarantine"): _ASIDE for service in SERVICES},
    **{(service, "migrations"): _UPGRADED for service in SERVICES},
    **{(service, "inbox"): _LAST for service in SERVICES},
    **{(service, "inbox_aside"): _ASIDE for service in SERVICES},
    ("certification", "imports"): _ROSTER,
    ("reports", "imports"): _ROSTER,
    ("certification", "import_chunks"): _ROSTER,
    ("certification", "reveals"): _SEEN,
    ("housekeeping", "reveals"): _SEEN,
    ("housekeeping", "objectors"): _GUARD,
    ("reports", "books"): _GUARD,
    ("targets", "bulletin_drafts"): "what is not issued: nothing is published of it, and its reviewer reads it",
    ("targets", "anomaly_looks"): _ASKED,
}

# Of files each that a record names is looked at; one that no record names is nobody's.
FIELDS: dict[tuple[str, str], dict[str, str]] = {
    ("certification", "certificates"): {
        "supersedes": "what was corrected, for whoever corrects; the correction itself is an event",
    },
    ("targets", "bulletins"): {"attempts": "what a desk wrote for it, until it is deleted"},
    ("targets", "bulletin_entries"): {"(copied)": "an annex that no bulletin names: nobody reads it"},
    ("targets", "anomalies"): {"look_id": _ASKED},
    ("targets", "rounds"): {"heard_at": "when targets heard that a round was closed; nothing is shown of it"},
    ("targets", "standings"): {"rev": _GUARD},
    **{(service, "relay"): {"token": _LEASE, "lasts": _LAST, "(copied)": _COPY} for service in SERVICES},
}
EVERYWHERE = {"locks": _GUARD}
FILES = ("files", "blocks")
