"""The secrets of a development machine: made once, kept in a file that only its owner reads."""

import base64
import os
import secrets
from pathlib import Path

LENGTHS = {"MASTER_KEY": 96, "PERSON_KEY_SECRET": 32, "TOKEN_SECRET": 32}  # bytes, before base64


def kept_in(path: Path) -> dict[str, str]:
    """Reads them, or makes them at the first call. Losing the file loses the personal data encrypted under it."""
    if not path.exists():
        made = {name: base64.b64encode(secrets.token_bytes(length)).decode() for name, length in LENGTHS.items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.writelines(f"{name}={value}\n" for name, value in made.items())
        try:
            os.link(unfinished, path)  # unlike a rename, never replaces what another command wrote meanwhile
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
