"""Logs on one machine stay under a size. Who writes one holds it open, so it is copied aside and then emptied; whatever
writes must append. Production gives its logs to a log system, which keeps them as long as the law wants."""

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from deploy.server import ServerFailed

_MEGABYTES = "512"


def limit(environ: Mapping[str, str]) -> int:
    """How many bytes all logs may take together, those set aside included."""
    text = environ.get("LOG_MEGABYTES") or _MEGABYTES
    if not text.isdigit() or int(text) == 0:
        raise ServerFailed(f"LOG_MEGABYTES={text} 不是兆字节数，例如 512 / must be a number of megabytes, such as 512")
    return int(text) << 20


def turn(logs: Collection[Path], limit: int) -> list[Path]:
    """Sets aside each that has more than its share, in the place of what was set aside before; answers those."""
    share = limit // (2 * max(len(logs), 1))
    turned = [log for log in logs if log.exists() and log.stat().st_size > share]
    for log in turned:
        unfinished = log.with_name(f"{log.name}.unfinished")
        with log.open("r+b") as source, unfinished.open("wb", buffering=0) as copy:
            shutil.copyfileobj(source, copy)
            # A kill from here on doubles lines and loses none; of what is written all the while, only what comes
            # between the second copy's end and the next line is lost.
            os.replace(unfinished, log.with_name(f"{log.name}.1"))
            shutil.copyfileobj(source, copy)
            source.truncate(0)
    return turned
