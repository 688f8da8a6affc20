"""`make stop`: ends the `make run` of this folder, and whatever an earlier one has left behind.

Processes are known by the pid and start time that they were recorded with, never by name.
"""

import os
import signal
import sys
import time
from pathlib import Path

from deploy import processes, run, servers
from deploy.server import ServerFailed

# It gives the gateway and then the others their time, and the servers theirs.
_PATIENCE = 2 * processes.PATIENCE + 60


def main(folder: Path = servers.VAR) -> int:
    stopped = []
    if runner := run.running(folder):
        print(f"正在停止 make run（pid {runner.pid}）……", flush=True)
        os.kill(runner.pid, signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE
        while runner.alive:
            if time.monotonic() > deadline:
                print(f"make run（pid {runner.pid}）{_PATIENCE:g} 秒内没有结束，强制停止", file=sys.stderr)
                runner.kill()
                break
            time.sleep(0.1)
        stopped.append("make run")
    if not (folder / "run").exists():
        print("没有在运行的进程。")
        return 0
    stopped += processes.sweep(folder)
    stopped += [server.name for server in servers.embedded(folder).values() if server.running]
    servers.stop(folder)
    print(f"已停止：{'、'.join(stopped)}。数据保留在 {folder}。" if stopped else "没有在运行的进程。")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ServerFailed as failure:
        sys.exit(str(failure))
