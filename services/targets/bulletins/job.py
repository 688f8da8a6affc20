"""The desk's job that makes bulletins: composes drafts, and gives those that were signed their documents and then the
number, all of it or nothing."""

import datetime as dt
import io
from dataclasses import replace
from decimal import Decimal
from functools import partial

import structlog
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from contract import records
from contract.bulletins import BulletinState
from plan import Plan
from runtime import clock, mongo
from runtime.config import Config
from runtime.failures import describe, frames, passing
from runtime.files import Files, Stored
from runtime.fonts import FontMissing
from runtime.lease import Lease, LeaseLost
from runtime.outbox import Outbox
from runtime.quarantine import Quarantine
from runtime.record import document, of
from services.targets.bulletins.composing import compose, problems_of
from services.targets.bulletins.correcting import corrected
from services.targets.bulletins.document import bulletin as as_document
from services.targets.bulletins.domain import Annex, Content, Head, Problem
from services.targets.bulletins.items import Items
from services.targets.bulletins.steps import Attempt, Bulletin
from services.targets.bulletins.store import Bulletins, NumberTaken, digest_of
from services.targets.bulletins.workbook import workbook as as_workbook
from services.targets.snapshots.domain import spread
from services.targets.snapshots.store import Snapshots
from services.targets.store import DESK, timepiece

log = structlog.get_logger()


_UNISSUED = dt.timedelta(days=1)  # until a file goes that no bulletin names, whatever became of its desk
_LIMIT = 256 * 2**20  # bytes of a file; a correction of a hundred thousand entries is a few megabytes


class Issuing:
    name = "bulletins"

    def __init__(self, config: Config, plan: Plan, lease: Lease | None = None) -> None:
        """``lease``: the desk's; its own where there is no desk around it."""
        store = mongo.database(config, "targets")
        self._config = config
        self._plan = plan
        self._store = store
        self._lease = lease or Lease(store, DESK)
        self._files = Files(config)
        self._bulletins = Bulletins(store)
        self._items = Items(store)
        self._snapshots = Snapshots(store)
        self._quarantine = Quarantine(store, DESK)
        self._logs = {service: Outbox(mongo.database(config, service)) for service in records.SERVICES}
        self._prepared = False

    def work(self) -> int:
        """How many were made or failed; none while another desk works. What cannot be made says so and does not hold up
        the next."""
        token = self._lease.hold()
        if token is None:
            return 0
        if not self._prepared:
            self._bulletins.ensure_indexes()
            self._bulletins.say_earlier()
            self._prepared = True
        for bulletin in self._bulletins.left_behind():
            self._discard(bulletin, token)
        self._quarantine.refresh()
        waiting = self._bulletins.waiting()
        for bulletin_id in waiting:
            with self._lease.renewed(token):
                if self._quarantine.attempt("bulletin", bulletin_id, partial(self._take, bulletin_id, token)) is False:
                    break
        return len(waiting)

    def _take(self, bulletin_id: str, token: int) -> bool:
        """Make or fail it; False when another desk works by now."""
        bulletin = self._bulletins.get(bulletin_id)
        assert bulletin is not None
        try:
            self._make(bulletin, token)
        except (LeaseLost, NumberTaken, DuplicateKeyError) as error:
            self._discard(bulletin, token)
            log.warning("bulletin.overtaken", bulletin=bulletin_id, error=type(error).__name__)
            return False
        except FontMissing as missing:
            self._failed(bulletin, token, str(missing), missing)
        except Exception as error:
            if passing(error):
                raise  # the desk waits for the database, and this one with it
            failure = "生成失败，请告知管理员 / could not be made: tell the administrator"
            self._failed(bulletin, token, failure, error)
        return True

    def _failed(self, bulletin: Bulletin, token: int, failure: str, error: Exception) -> None:
        log.error("bulletin.failed", bulletin=bulletin.bulletin_id, reason=describe(error), at=frames(error))
        self._discard(bulletin, token)
        if self._lease.hold() == token:  # or it is another desk's by now
            self._bulletins.failed(bulletin, failure)

    def _make(self, bulletin: Bulletin, token: int) -> None:
        self._bulletins.progressed(bulletin, 5)
        self._discard(bulletin, token)
        if bulletin.state is BulletinState.ISSUING:
            self._issue(bulletin, token)
        else:
            self._draft(bulletin, token)
        self._discard(bulletin, token)  # the draft's files; or what it wrote itself, when somebody was faster

    def _draft(self, bulletin: Bulletin, token: int) -> None:
        content, problems, items_id = self._content(bulletin, token)
        files = self._written(bulletin, token, content, None, problems, items_id)

        def work(session: ClientSession) -> bool:
            self._bind(session, bulletin, token, files)
            return self._bulletins.draft(
                session, bulletin, content=document(content), files=files, items_id=items_id, token=token
            )

        mongo.transact(self._store, work)

    def _issue(self, bulletin: Bulletin, token: int) -> None:
        """What it says is what was reviewed; the day and the logs' heads are of now."""
        drafted = self._bulletins.content(bulletin.bulletin_id)
        if drafted is None:
            raise RuntimeError("a bulletin was signed of which there is no draft")
        content = replace(of(Content, drafted), issued_on=timepiece.today(self._config), heads=self._heads())
        problems: tuple[Problem, ...] = ()
        if content.correction is None:
            problems = problems_of(self._plan, self._snapshots.figures(bulletin.snapshot_id))
        number = self._bulletins.next_number(bulletin.year)
        files = self._written(bulletin, token, content, number, problems, bulletin.items_id)

        def work(session: ClientSession) -> bool:
            self._bind(session, bulletin, token, files)
            return self._bulletins.issue(
                session,
                bulletin,
                number=number,
                code=content.code(number),
                issued_on=content.issued_on,
                digest=digest_of(content, number),
                content=document(content),
                files=files,
                token=token,
            )

        mongo.transact(self._store, work)

    def _bind(self, session: ClientSession, bulletin: Bulletin, token: int, files: dict[str, Stored]) -> None:
        self._lease.fence(session, token)
        named = {stored.file_id: stored.sha256 for stored in files.values()}
        self._files.bind(session, named, f"{self._store.name}/{bulletin.bulletin_id}")

    def _written(
        self,
        bulletin: Bulletin,
        token: int,
        content: Content,
        number: int | None,
        problems: tuple[Problem, ...],
        items_id: str | None,
    ) -> dict[str, Stored]:
        """Its files; without a ``number`` marked as drafts."""
        self._bulletins.progressed(bulletin, 20)
        annex = Annex(problems, () if items_id is None else self._items.read(items_id))
        return {
            "document": self._file(bulletin, token, as_document(content, number), "docx", percent=70),
            "workbook": self._file(bulletin, token, as_workbook(content, number, annex), "xlsx", percent=90),
        }

    def _content(self, bulletin: Bulletin, token: int) -> tuple[Content, tuple[Problem, ...], str | None]:
        """What it says, all problems for its workbook, and under which id a correction's entries are kept."""
        snapshot = self._snapshots.get(bulletin.snapshot_id)
        if snapshot is None:
            raise RuntimeError("a bulletin was asked for of a snapshot that is not there")
        figures = self._snapshots.figures(snapshot.snapshot_id)
        today = timepiece.today(self._config)
        if bulletin.corrects is None:
            content = compose(
                self._plan, snapshot, figures, options=bulletin.options, title=bulletin.title, issued_on=today
            )
            return replace(content, heads=self._heads()), problems_of(self._plan, figures), None
        before, told = self._bulletins.get(bulletin.corrects), self._bulletins.content(bulletin.corrects)
        if before is None or before.code is None or told is None or bulletin.known is None:
            raise RuntimeError("a correction was asked for of a bulletin that is not there")
        reported = of(Content, told)
        counted = spread(self._snapshots.counted(bulletin.known, as_of=snapshot.as_of))
        items_id = mongo.new_id()
        self._bulletins.attempted(bulletin.bulletin_id, Attempt(token, items_id=items_id))
        correction = corrected(
            self._plan,
            reported,
            figures,
            self._items.write(items_id, self._snapshots.since(snapshot, upto=bulletin.known)),
            known={cell: sum(days.values(), Decimal(0)) for cell, days in counted.items()},
            sources=bulletin.known,
            code=before.code,
            bulletin_id=bulletin.corrects,
            reason=bulletin.reason or "",
        )
        content = replace(reported, title=bulletin.title, issued_on=today, correction=correction, heads=self._heads())
        return content, (), items_id

    def _heads(self) -> tuple[Head, ...]:
        found = {service: log.head() for service, log in self._logs.items()}
        return tuple(Head(service, int(head["seq"]), head["hash"]) for service, head in found.items() if head["seq"])

    def _file(self, bulletin: Bulletin, token: int, written: bytes, ending: str, *, percent: int) -> Stored:
        stored = self._files.write(
            io.BytesIO(written),
            filename=f"bulletin-{bulletin.bulletin_id}.{ending}",
            limit=_LIMIT,
            expires_at=clock.now() + _UNISSUED,
        )
        self._bulletins.attempted(bulletin.bulletin_id, Attempt(token, file_id=stored.file_id))
        self._bulletins.progressed(bulletin, percent)
        return stored

    def _discard(self, bulletin: Bulletin, token: int) -> None:
        """What this desk and those before it wrote for a bulletin and did not issue. A later one's is none of ours."""
        now = self._bulletins.get(bulletin.bulletin_id)
        if now is None:
            return
        for attempt in (one for one in now.attempts if one.token <= token):
            if attempt.file_id is not None:
                self._files.delete(attempt.file_id)
            if attempt.items_id is not None:
                self._items.delete(attempt.items_id)
        for file_id in now.drafts:
            self._files.delete(file_id)
        self._bulletins.discarded(bulletin.bulletin_id, token)
