"""The whole programme, each process by itself as in the process list: strict, but for the limits that end an attack."""

from benchmarks.ground import Crew
from deploy.processes import commands

LIFTED = {
    "TRUSTED_PROXIES": "1",  # nobody comes from many addresses
    "ANONYMOUS_FILES_A_DAY": "1000000",
    "ANONYMOUS_MEGABYTES_A_DAY": "1000000",
    "ALL_ANONYMOUS_MEGABYTES_A_DAY": "1000000",
    "ORGANISATION_FILES_A_DAY": "1000000",
    "ORGANISATION_MEGABYTES_A_DAY": "1000000",
    "UNFILED_ASSESSORS": "review",
}


def start(crew: Crew) -> None:
    crew.start(*(command.split()[-1] for name, command in commands().items() if name != "gateway"))
    crew.gateway()
