"""How much may be uploaded: by one address and by all of them, without a token; by one organisation, with one. Counted
by the day in MongoDB, so that all gateways count together. And nothing at all when the disk is nearly full.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import g, request
from pymongo import ReturnDocument
from pymongo.write_concern import WriteConcern

from gateway import problems
from gateway.limits import address
from runtime import clock, mongo
from runtime.config import Config
from runtime.files import Files

_LOOKS_EVERY = 5.0  # seconds, at the free disk
_MEGABYTE = 2**20


class Quotas:
    """Collection ``upload_counts`` of the gateway's database. A few counts lost with a primary are of no account, so
    it does not wait for the majority."""

    def __init__(self, settings: Config, files: Files, *, now: clock.Clock = clock.now) -> None:
        self._limits = settings.uploads
        self._files = files
        self._now = now
        self._free: tuple[float, int] | None = None
        self._counts = mongo.database(settings, "gateway").get_collection(
            "upload_counts", write_concern=WriteConcern(w=1)
        )

    def ensure_indexes(self) -> None:
        self._counts.create_index("expires_at", expireAfterSeconds=0)

    def expires_at(self) -> dt.datetime:
        """When what this caller uploads goes unless a record names it."""
        hours = self._limits.hours if g.get("caller") else self._limits.anonymous_hours
        return self._now() + dt.timedelta(hours=hours)

    @contextmanager
    def upload(self, size: int) -> Iterator[Callable[[int], None]]:
        """Counts one upload of at most ``size`` bytes, and of as many as are reported by what it yields; one that fails
        is given back. Raises UploadQuotaReached, StorageFull."""
        self._need_disk(size)
        now = self._now()
        taken: list[str] = []
        stored = size

        def store(actual: int) -> None:
            nonlocal stored
            stored = actual

        try:
            for who, files, megabytes in self._quotas():
                self._take(f"{who} {clock.day_of(now)}", files, megabytes * _MEGABYTE, size, now)
                taken.append(f"{who} {clock.day_of(now)}")
            yield store
        except BaseException:
            for key in taken:
                self._count(key, -1, -size, now)
            raise
        if stored != size:
            for key in taken:
                self._count(key, 0, stored - size, now)

    def _quotas(self) -> list[tuple[str, int | None, int]]:
        """(who, files a day, megabytes a day) of all whom the upload is counted for."""
        limits = self._limits
        if g.get("caller"):
            organisation = g.caller.actor["organisation"]
            return [(f"organisation:{organisation}", limits.organisation_files, limits.organisation_megabytes)]
        return [
            (f"address:{address(request.remote_addr)}", limits.anonymous_files, limits.anonymous_megabytes),
            ("anonymous", None, limits.all_anonymous_megabytes),
        ]

    def _take(self, key: str, files: int | None, most: int, size: int, now: dt.datetime) -> None:
        used_files, used = self._count(key, 1, size, now)
        if used <= most and (files is None or used_files <= files):
            return
        self._count(key, -1, -size, now)
        midnight = dt.datetime.combine(clock.day_of(now) + dt.timedelta(days=1), dt.time(), clock.SHANGHAI)
        raise problems.UploadQuotaReached(
            "今天上传的文件已达上限，请明天再试",
            "no more files are taken from here today: try again tomorrow",
            headers={"Retry-After": str(max(1, int((midnight - now).total_seconds())))},
        )

    def _count(self, key: str, files: int, size: int, now: dt.datetime) -> tuple[int, int]:
        row = self._counts.find_one_and_update(
            {"_id": key},
            {"$inc": {"files": files, "bytes": size}, "$setOnInsert": {"expires_at": now + dt.timedelta(days=2)}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return (row["files"], row["bytes"]) if row else (files, size)

    def _need_disk(self, size: int) -> None:
        if self._free is None or time.monotonic() - self._free[0] > _LOOKS_EVERY:
            self._free = time.monotonic(), self._files.room()[1]
        if self._free[1] - size < self._limits.free_megabytes * _MEGABYTE:
            raise problems.StorageFull(
                "存储空间不足，暂不接收文件，请稍后再试；已有数据可照常查询",
                "there is too little free disk to take files at present: try again later; all else goes on",
            )
