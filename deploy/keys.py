"""The secrets of a development machine: made once, kept in a file that only its owner reads."""

import base64
import fcntl
import os
import secrets
from pathlib import Path

LENGTHS = {"MASTER_KEY": 96, "PERSON_KEY_SECRET": 32, "TOKEN_SECRET": 32}  # bytes, before base64


def read(path: Path) -> dict[str, str] | None:
    """None unless all of them are there."""
    if not path.exists():
        return None
    found = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return found if found.keys() >= LENGTHS.keys() else None


def kept_in(path: Path) -> dict[str, str]:
    """Reads them, or makes them at the first call. Losing the file loses the personal data encrypted under it. It is
    there as a whole and for good, or not at all."""
    if (found := read(path)) is not None:
        return found
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("a") as lock:  # not by a hard link: not every file system has them
        fcntl.flock(lock, fcntl.LOCK_EX)
        return read(path) or _make(path)


def _make(path: Path) -> dict[str, str]:
    made = {name: base64.b64encode(secrets.token_bytes(length)).decode() for name, length in LENGTHS.items()}
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)  # of a start that was killed
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in made.items())
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return made
