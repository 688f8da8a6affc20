"""``make audit``: exit status 0 every figure is proved, 1 something differs (it is named), 2 it could not be before.

make audit ARGS="--anchor certification:1416:0123456789abcdef"   a head as a bulletin prints it
make audit ARGS="--heads bulletin.docx"                          all those of a bulletin, or of a text file
"""

import argparse
import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path

from pymongo.errors import PyMongoError

from audit import logs
from audit.books import SERVICES, Books
from audit.checks import Audit
from audit.logs import Anchor, AnchorUnreadable
from runtime.config import Config, ConfigurationMissing, read

_PRINTED = 20  # of one check
_MOST = 10_000  # of one check
_LONGEST = 120.0  # seconds, as long as what differs is another thing at each look: copies are still made
_LEAST = 4  # looks, however long one takes on a busy machine
_BETWEEN = 1.0
_PATIENCE = 30.0  # seconds to wait until what was published is counted


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make audit", description="从原始记录和事件日志重新清点，与所公布的逐项比对")
    parser.add_argument("--anchor", action="append", default=[], metavar="服务:序号:链首", help="通报上印的链首")
    parser.add_argument("--heads", action="append", default=[], type=Path, metavar="文件", help="通报文件或文本文件")
    parser.add_argument("--sealed", action="store_true", help="也解开加密的个人信息核对（较慢，不显示内容）")
    options = parser.parse_args(arguments)
    try:
        anchors = [one for text in options.anchor for one in logs.printed(text, "--anchor")]
        anchors += [one for path in options.heads for one in logs.printed_in(path)]
        return audit(read(), anchors, sealed=options.sealed)
    except (AnchorUnreadable, ConfigurationMissing) as error:
        print(error, file=sys.stderr)
    except PyMongoError as error:
        print(f"数据库不可用（{type(error).__name__}）：先 make run，或设置 MONGO_URI", file=sys.stderr)
    return 2


def audit(config: Config, anchors: Sequence[Anchor] = (), *, sealed: bool = False) -> int:
    before: list[str] = []
    until, looks = time.monotonic() + _LONGEST, 0
    while time.monotonic() < until or looks < _LEAST:
        looks += 1
        books = Books(config)
        heads = _settled(books)
        if heads is None:
            print("仍有事件未计入，无法对账：请看各 relay 与 targets.counting 是否在运行", file=sys.stderr)
            return 2
        lines, faults = _checked(Audit(books, anchors, sealed=sealed))
        if _heads(books) == heads and (not faults or faults == before):
            break
        before = faults  # a copy may be made of an event at this moment: what is wrong stays so
        time.sleep(_BETWEEN)
    else:
        print("对账期间数据一直在变，请在空闲时再试；最后一次看到的不符之处：", file=sys.stderr)
        print("\n".join(before[:_PRINTED]) or "没有，但日志又有新事件", file=sys.stderr)
        return 2
    print("\n".join(lines))
    reached = "、".join(f"{service} 第 {seq} 号" for service, seq in heads.items())
    print(f"对账不符：共 {len(faults)} 处" if faults else f"对账相符：日志至 {reached}，逐项一致")
    return 1 if faults else 0


def _checked(work: Audit) -> tuple[list[str], list[str]]:
    lines, faults = [_recounted(id, total) for id, total in work.totals().items()], []
    for what, check in work.checks().items():
        found = list(islice(work.faults(check), _MOST))
        faults += found
        lines.append(f"{'✗' if found else '✓'} {what}")
        lines += [f"    {fault}" for fault in found[:_PRINTED]]
        if len(found) > _PRINTED:
            lines.append(f"    …… 另有 {len(found) - _PRINTED} 处")
    return lines, faults


def _recounted(id: str, total: Decimal) -> str:
    return f"指标 {id}：由原始记录重新清点为 {total.normalize():f}"


def _settled(books: Books) -> dict[str, int] | None:
    """The last place of each log, once all of it is ordered, sent and counted."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        heads = _heads(books)
        if all(_counted(books, service, seq) for service, seq in heads.items()):
            return heads
        time.sleep(0.25)
    return None


def _counted(books: Books, service: str, seq: int) -> bool:
    """Training, inspections and targets are ordered and not counted."""
    if books.store(service)["outbox"].count_documents({"new": True}, limit=1):
        return False
    counted = [row["seq"] for row in books.store("targets")["sources"].find({"service": service})]
    return not counted or min(counted) >= seq


def _heads(books: Books) -> dict[str, int]:
    """As they are now, whatever was read before."""
    found = {service: books.store(service)["relay"].find_one({"_id": "head"}) for service in SERVICES}
    return {service: int(head["seq"]) if head else 0 for service, head in found.items()}


if __name__ == "__main__":
    sys.exit(main())
