"""``make audit``: exit status 0 every figure is proved, 1 something differs (it is named), 2 it could not be told."""

import sys
import time
from collections.abc import Iterator
from itertools import islice

from pymongo.errors import PyMongoError

from audit import recount
from runtime.config import Config, ConfigurationMissing, read
from runtime.mongo import Store, database
from runtime.outbox import Outbox

_SHOWN = 20
_PATIENCE = 30.0  # seconds to wait until what was said is counted


def main() -> int:
    try:
        return audit(read())
    except ConfigurationMissing as error:
        print(error, file=sys.stderr)
    except PyMongoError as error:
        print(f"数据库不可用（{type(error).__name__}）：先 make run，或设置 MONGO_URI", file=sys.stderr)
    return 2


def audit(config: Config) -> int:
    certification, targets = database(config, "certification"), database(config, "targets")
    for _ in range(3):
        seq = _settled(certification, targets)
        if seq is None:
            print("仍有事件未计入，无法对账：请看 certification.relay 与 targets.counting 是否在运行", file=sys.stderr)
            return 2
        faults = _faults(config, certification, targets)
        if _head(certification) == seq:
            break
    else:
        print("对账期间数据一直在变，请在空闲时再试", file=sys.stderr)
        return 2
    for fault in faults[:_SHOWN]:
        print(f"  ✗ {fault}")
    if len(faults) > _SHOWN:
        print(f"  …… 另有 {len(faults) - _SHOWN} 处")
    print(f"对账不符：共 {len(faults)} 处" if faults else f"对账相符：日志至第 {seq} 号，逐人逐日逐地区一致")
    return 1 if faults else 0


def _faults(config: Config, certification: Store, targets: Store) -> list[str]:
    faults: list[str] = []

    def check(what: str, found: Iterator[str]) -> None:
        before = len(faults)
        faults.extend(islice(found, 10_000))
        print(f"{'✓' if len(faults) == before else '✗'} {what}")

    check("事件日志完整，且与证书库一致", recount.log_faults(certification))
    for indicator in recount.indicators(config.plan_file):
        expected = recount.people(certification, indicator)
        print(f"指标 {indicator.id}：按证书重新清点 {len(expected)} 人")
        check("计数依据逐人一致", recount.standing_faults(targets, indicator, expected))
        check("分录逐人合计一致", recount.entry_faults(targets, indicator, expected))
        check("公布数逐日逐地区一致", recount.rollup_faults(targets, indicator, expected))
    return faults


def _settled(certification: Store, targets: Store) -> int | None:
    """The last place of the log, once all of it is ordered, sent and counted."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        seq = _head(certification)
        counted = [row["seq"] for row in targets["sources"].find({"service": "certification"})]
        waiting = certification["outbox"].count_documents({"new": True}, limit=1)
        if not waiting and (seq == 0 or (counted and min(counted) >= seq)):
            return seq
        time.sleep(0.25)
    return None


def _head(certification: Store) -> int:
    return int(Outbox(certification).head()["seq"])


if __name__ == "__main__":
    sys.exit(main())
