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
    stores = {service: database(config, service) for service in recount.STORES}
    targets = database(config, "targets")
    for _ in range(3):
        heads = _settled(stores, targets)
        if heads is None:
            print("仍有事件未计入，无法对账：请看各 relay 与 targets.counting 是否在运行", file=sys.stderr)
            return 2
        faults = _faults(config, stores, targets)
        if _heads(stores) == heads:
            break
    else:
        print("对账期间数据一直在变，请在空闲时再试", file=sys.stderr)
        return 2
    for fault in faults[:_SHOWN]:
        print(f"  ✗ {fault}")
    if len(faults) > _SHOWN:
        print(f"  …… 另有 {len(faults) - _SHOWN} 处")
    reached = "、".join(f"{service} 第 {seq} 号" for service, seq in heads.items())
    print(f"对账不符：共 {len(faults)} 处" if faults else f"对账相符：日志至 {reached}，逐项逐日逐地区一致")
    return 1 if faults else 0


def _faults(config: Config, stores: dict[str, Store], targets: Store) -> list[str]:
    faults: list[str] = []

    def check(what: str, found: Iterator[str]) -> None:
        before = len(faults)
        faults.extend(islice(found, 10_000))
        print(f"{'✓' if len(faults) == before else '✗'} {what}")

    for service, store in stores.items():
        check(f"{service} 事件日志完整，且与其记录一致", recount.log_faults(service, store))
    for indicator in recount.indicators(config.plan_file):
        expected = recount.steps(stores, indicator)
        print(f"指标 {indicator.id}：由原始记录重新清点为 {expected.total()}")
        check("计数依据逐项一致", recount.standing_faults(targets, indicator, expected))
        check("分录逐项合计一致", recount.entry_faults(targets, indicator, expected))
        check("公布数逐日逐地区一致", recount.rollup_faults(targets, indicator, expected))
    return faults


def _settled(stores: dict[str, Store], targets: Store) -> dict[str, int] | None:
    """The last place of each log, once all of it is ordered, sent and counted."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        heads = _heads(stores)
        if all(_counted(service, seq, stores[service], targets) for service, seq in heads.items()):
            return heads
        time.sleep(0.25)
    return None


def _counted(service: str, seq: int, store: Store, targets: Store) -> bool:
    if store["outbox"].count_documents({"new": True}, limit=1):
        return False
    counted = [row["seq"] for row in targets["sources"].find({"service": service})]
    return seq == 0 or (bool(counted) and min(counted) >= seq)


def _heads(stores: dict[str, Store]) -> dict[str, int]:
    return {service: int(Outbox(store).head()["seq"]) for service, store in stores.items()}


if __name__ == "__main__":
    sys.exit(main())
