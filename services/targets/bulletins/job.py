"""The desk's job that makes bulletins: content, document, workbook, and then the number, all of it or nothing."""

import io
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import structlog
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError, PyMongoError

import plan as plans
from plan import Plan
from runtime import mongo
from runtime.config import Config
from runtime.files import Files, Stored
from runtime.fonts import FontMissing
from runtime.record import document, of
from services.targets.bulletins.composing import compose
from services.targets.bulletins.correcting import corrected
from services.targets.bulletins.document import bulletin as as_document
from services.targets.bulletins.domain import Content
from services.targets.bulletins.store import Bulletin, Bulletins, NumberTaken, digest_of
from services.targets.bulletins.workbook import workbook as as_workbook
from services.targets.snapshots.domain import spread
from services.targets.snapshots.store import Snapshots
from services.targets.store import timepiece

log = structlog.get_logger()


_ATTEMPTS = 5
_LIMIT = 32 * 2**20  # bytes of a file
_MAKE: dict[str, tuple[str, Callable[[Content, int], bytes], int]] = {  # file name's end, how, percent once it is there
    "document": ("docx", as_document, 70),
    "workbook": ("xlsx", as_workbook, 90),
}


class Issuing:
    name = "bulletins"

    def __init__(self, config: Config, plan: Plan) -> None:
        store = mongo.database(config, "targets")
        self._config = config
        self._plan = plan
        self._store = store
        self._files = Files(config)
        self._bulletins = Bulletins(store)
        self._snapshots = Snapshots(store)
        self._prepared = False

    def work(self) -> int:
        """How many were made or failed. What cannot be made says so and does not hold up the next."""
        if not self._prepared:
            self._bulletins.ensure_indexes()
            self._prepared = True
        waiting = self._bulletins.waiting()
        for bulletin in waiting:
            try:
                self._make(bulletin)
            except FontMissing as missing:
                self._failed(bulletin, str(missing), missing)
            except PyMongoError:
                raise  # the desk waits for the database, and this one with it
            except Exception as error:  # noqa: BLE001  told to whoever asked, and to the log
                self._failed(bulletin, "生成失败，请告知管理员 / could not be made: tell the administrator", error)
        return len(waiting)

    def _failed(self, bulletin: Bulletin, failure: str, error: Exception) -> None:
        log.error("bulletin.failed", bulletin=bulletin.bulletin_id, error=type(error).__name__, exc_info=error)
        self._discard(bulletin)
        self._bulletins.failed(bulletin.bulletin_id, failure)

    def _make(self, bulletin: Bulletin) -> None:
        self._bulletins.progressed(bulletin.bulletin_id, 5)
        content = self._content(bulletin)
        self._bulletins.progressed(bulletin.bulletin_id, 20)
        for _ in range(_ATTEMPTS):
            self._discard(bulletin)
            number = self._bulletins.next_number(bulletin.year)
            files = {name: self._file(bulletin, content, number, name) for name in _MAKE}
            try:
                if not self._issue(bulletin, content, number, files):
                    self._delete(files)  # another desk was faster
                return
            except (NumberTaken, DuplicateKeyError):
                log.info("bulletin.number_taken", bulletin=bulletin.bulletin_id, number=number)
        raise RuntimeError(f"no number was free in {_ATTEMPTS} attempts")

    def _content(self, bulletin: Bulletin) -> Content:
        snapshot = self._snapshots.get(bulletin.snapshot_id)
        if snapshot is None:
            raise RuntimeError("a bulletin was asked for of a snapshot that is not there")
        figures = self._snapshots.figures(snapshot.snapshot_id)
        issued_on = timepiece.today(self._config)
        if bulletin.corrects is None:
            return compose(
                self._plan, snapshot, figures, options=bulletin.options, title=bulletin.title, issued_on=issued_on
            )
        before, told = self._bulletins.get(bulletin.corrects), self._bulletins.content(bulletin.corrects)
        if before is None or before.code is None or told is None or bulletin.known is None:
            raise RuntimeError("a correction was asked for of a bulletin that is not there")
        reported = of(Content, told)
        counted = spread(self._snapshots.counted(bulletin.known, as_of=snapshot.as_of))
        correction = corrected(
            self._plan,
            reported,
            figures,
            list(self._snapshots.since(snapshot, upto=bulletin.known)),
            known={cell: sum(days.values(), Decimal(0)) for cell, days in counted.items()},
            sources=bulletin.known,
            code=before.code,
            bulletin_id=bulletin.corrects,
            reason=bulletin.reason or "",
        )
        return replace(reported, title=bulletin.title, issued_on=issued_on, correction=correction)

    def _file(self, bulletin: Bulletin, content: Content, number: int, name: str) -> Stored:
        ending, made, percent = _MAKE[name]
        written = made(content, number)
        stored = self._files.write(
            io.BytesIO(written), filename=f"bulletin-{bulletin.bulletin_id}.{ending}", limit=_LIMIT
        )
        self._bulletins.drafted(bulletin.bulletin_id, stored.file_id)
        self._bulletins.progressed(bulletin.bulletin_id, percent)
        return stored

    def _issue(self, bulletin: Bulletin, content: Content, number: int, files: dict[str, Stored]) -> bool:
        def work(session: ClientSession) -> bool:
            return self._bulletins.issue(
                session,
                bulletin,
                number=number,
                code=content.code(number),
                title=content.title,
                issued_on=content.issued_on,
                digest=digest_of(content, number),
                content=document(content),
                files=files,
            )

        return mongo.transact(self._store, work)

    def _discard(self, bulletin: Bulletin) -> None:
        """What earlier attempts wrote."""
        now = self._bulletins.get(bulletin.bulletin_id)
        for file_id in now.drafts if now else ():
            self._files.delete(file_id)
        self._bulletins.undrafted(bulletin.bulletin_id)

    def _delete(self, files: dict[str, Stored]) -> None:
        for stored in files.values():
            self._files.delete(stored.file_id)


def issuing(config: Config) -> Issuing:
    """Raises PlanUnreadable."""
    return Issuing(config, plans.read(config.plan_file))
