"""`make hostile`: random hostile requests as every role, against real services on servers of their own.

make hostile ARGS="--seed 7 --requests 10000 --roles training_centre,nobody"

Exit status: 0 nothing was found, 1 something was (it is named), 2 it could not be tried.
"""

import argparse
import sys
import time
from collections import Counter

import psutil

from audit.__main__ import audit
from benchmarks.ground import Crew, Watch, ground
from deploy.server import ServerFailed
from deploy.servers import VAR
from runtime import logs
from tests.hostile import verdicts
from tests.hostile.attack import Outcome, attack
from tests.hostile.programme import LIFTED, start
from tests.hostile.world import ROLES, furnish

MOST_MB = 250.0


def main() -> int:
    logs.configure("hostile", "ERROR")
    parser = argparse.ArgumentParser(prog="make hostile", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--requests", type=int, default=1_000, help="of each role")
    parser.add_argument("--roles", default=",".join(ROLES), help=f"of: {' '.join(ROLES)} (default: all)")
    options = parser.parse_args()
    roles = tuple(options.roles.split(","))
    if unknown := set(roles) - set(ROLES):
        parser.error(f"no role {', '.join(sorted(unknown))}; there are: {' '.join(ROLES)}")
    try:
        with ground(VAR / "hostile") as here, here.space() as crew:
            return _run(crew, options.seed, options.requests, roles)
    except ServerFailed as failure:
        print(failure, file=sys.stderr)
        return 2


def _run(crew: Crew, seed: int, requests: int, roles: tuple[str, ...]) -> int:
    crew.environ |= LIFTED
    start(crew)
    world = furnish(crew.config)
    crew.settle()
    print(
        f"peak MB at the start: gateway {psutil.Process(crew.pids()['gateway']).children()[0].memory_info().rss >> 20}"
    )
    before = verdicts.counted(crew.config)
    with Watch(crew.pids()) as watch:
        found = attack(world, seed=seed, requests=requests, roles=roles)
        crew.settle(seconds=600)
    _print(found, before, verdicts.counted(crew.config), watch)
    faults = [*found.faults, *verdicts.faults(crew.config)]
    faults += [
        f"{name} grew to {peak:.0f} MB"
        for name, peak in watch.peak_mb.items()
        if peak > MOST_MB and name not in ("mongod", "rabbitmq")
    ]
    print("\n".join(faults))
    agrees = audit(crew.config) == 0
    return 0 if agrees and not faults else 1


def _print(found: Outcome, before: dict[str, int], after: dict[str, int], watch: Watch) -> None:
    total = sum(found.statuses.values())
    print(f"{total} requests in {found.seconds:.0f} s ({total / found.seconds:.0f} a second)")
    print("answers: " + ", ".join(f"{count} of {status}" for status, count in sorted(found.statuses.items())))
    print("problems: " + ", ".join(f"{code} {count}" for code, count in found.problems.most_common(60)))
    print(f"changes taken: {sum(found.taken.values())}")
    for name, count in found.taken.most_common():
        print(f"    {count:6} {name}")
    met = Counter({name: sum(c for m, c in found.met.items() if m.rpartition(" ")[0] == name) for name in found.took})
    slow = sorted(((found.took[name] / met[name], name) for name in met), reverse=True)[:12]
    print("slowest, mean ms: " + ", ".join(f"{name} {seconds * 1000:.0f}" for seconds, name in slow))
    never = sorted({met.rpartition(" ")[0] for met in found.met if met.rpartition(" ")[2] >= "400"} - _succeeded(found))
    print(f"never answered with success: {', '.join(never) or 'none'}")
    print(f"entries before: {before}\nentries after:  {after}")
    print("peak MB: " + ", ".join(f"{name} {peak:.0f}" for name, peak in sorted(watch.peak_mb.items())))


def _succeeded(found: Outcome) -> set[str]:
    return {met.rpartition(" ")[0] for met in found.met if met.rpartition(" ")[2] < "400"}


if __name__ == "__main__":
    began = time.monotonic()
    status = main()
    print(f"{time.monotonic() - began:.0f} s in all")
    sys.exit(status)
