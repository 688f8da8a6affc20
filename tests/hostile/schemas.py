"""`make schemathesis`: every check that schemathesis has, as some roles and as nobody, on servers of its own.

make schemathesis ARGS="--examples 50 --seed 1 --roles training_centre,federation,dispatcher,nobody"

What it makes of the description are numbers, dates and texts at their edges, valid and not. Exit status: 0 nothing was
found, 1 something was (schemathesis prints it), 2 it could not be tried.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.ground import ground
from deploy.server import ServerFailed
from deploy.servers import VAR
from runtime import logs
from tests.hostile.programme import LIFTED, start
from tests.hostile.world import NOBODY, ROLES, furnish

_CONFIG = Path(__file__).with_name("schemathesis.toml")
_ROLES = "training_centre,federation,dispatcher,nobody"


def main() -> int:
    logs.configure("schemathesis", "ERROR")
    parser = argparse.ArgumentParser(prog="make schemathesis", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=50, help="of each operation")
    parser.add_argument("--roles", default=_ROLES, help=f"of: {' '.join(ROLES)} (default: {_ROLES})")
    parser.add_argument("more", nargs="*", help="handed on to schemathesis, after --")
    options = parser.parse_args()
    try:
        with ground(VAR / "schemathesis") as here, here.space() as crew:
            crew.environ |= LIFTED
            start(crew)
            world = furnish(crew.config)
            address = f"http://127.0.0.1:{crew.config.port}"
            failed = []
            for role in options.roles.split(","):
                headers = [f"{name}: {value}" for name, value in world.accounts[role][0].items()]
                print(f"== {role}", flush=True)
                if _run(address, headers, options):
                    failed.append(role)
    except ServerFailed as failure:
        print(failure, file=sys.stderr)
        return 2
    print(f"findings as: {', '.join(failed)}" if failed else "no finding")
    return 1 if failed else 0


def _run(address: str, headers: list[str], options: argparse.Namespace) -> int:
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(_CONFIG)]
    command += ["run", f"{address}/openapi.json", "--checks", "all", "--no-color", "--generation-database", "none"]
    command += ["--seed", str(options.seed), "--max-examples", str(options.examples), "--continue-on-failure"]
    command += ["--suppress-health-check", "all"]  # how long a body takes to be made is nothing of ours
    for header in headers or ["X-Nobody: 1"]:
        command += ["--header", header]
    return subprocess.run([*command, *options.more], env=os.environ, check=False).returncode


if __name__ == "__main__":
    assert NOBODY in ROLES
    sys.exit(main())
