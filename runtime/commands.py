"""Commands that are told again: after an answer that got lost, the same command changes nothing and is answered with
what it was about."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError, DuplicateKeyError

from contract.errors import CommandReused, Invalid, field_error
from runtime.files import FileMissing, Files
from runtime.mongo import Store, transact

Result = TypeVar("Result")
_ATTEMPTS = 5


def _plain(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()


class Commands:
    """Collection ``commands`` of a service's store. ``hashed``: a keyed hash, where commands carry personal data.
    ``files``: where commands name evidence, which is bound to what they are about."""

    def __init__(self, store: Store, *, hashed: Callable[[str], str] = _plain, files: Files | None = None) -> None:
        self._store = store
        self._files = files
        self._commands = store["commands"]
        self._hashed = hashed

    def once(
        self, client_id: str, command: Mapping[str, Any], work: Callable[[ClientSession], str], *, action: str = ""
    ) -> str:
        """Do ``work``, which gives the id of what it was about, in one transaction, and only once for a ``command_id``
        of a client; without one, each time. Told again, the id is the answer. Raises CommandReused, Invalid when a
        file that it names as evidence is not there."""
        said = "\x1e".join(f"{name}={value}" for name, value in sorted({**command, "action": action}.items()))
        command_id = f"{client_id}:{command['command_id']}" if "command_id" in command else None
        digest = self._hashed(said)

        def run(session: ClientSession) -> str:
            if command_id:
                known = self._commands.find_one({"_id": command_id}, session=session)
                if known and known["digest"] != digest:
                    raise CommandReused(
                        "同一命令编号已用于其他内容，请换一个编号",
                        "this command_id was used for something else: choose another one",
                    )
                if known:
                    return str(known["about"])
            about = work(session)
            self.bind(session, command, about)
            if command_id:
                row = {"_id": command_id, "digest": digest, "about": about}
                self._commands.insert_one(row, session=session)
            return about

        return self.transact(run)

    def bind(self, session: ClientSession, command: Mapping[str, Any], about: str) -> None:
        """What the command names as evidence to what it is about. Raises Invalid when one of them is not there."""
        for place, named in enumerate(command.get("evidence", ())):
            if not self._files or named.get("file_id") is None:
                continue
            try:
                self._files.bind(session, {named["file_id"]: named["sha256"]}, f"{self._store.name}/{about}")
            except FileMissing:
                zh, en = "没有这份材料，请重新上传", "there is no such file: hand it in again"
                fault = field_error(f"/evidence/{place}/file_id", "not_found", zh, en)
                raise Invalid("佐证材料有误", "the evidence is not there", [fault]) from None

    def transact(self, work: Callable[[ClientSession], Result]) -> Result:
        """One transaction; decided anew when somebody else was faster with what may be there only once."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return transact(self._store, work)
            except (DuplicateKeyError, BulkWriteError):
                continue
        return transact(self._store, work)
