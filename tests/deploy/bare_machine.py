"""Run as a program, as root of a machine that is thrown away: takes away what the commands have to bring, lets starts
fail and be killed, and then wants `make run` to serve. Exit status: 0 it did, 77 Debian's packages cannot be had here.

    python -m tests.deploy.bare_machine FOLDER PORT PORT
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy import guard, keys, rabbitmq_node
from runtime import config, fonts

PACKAGES = (rabbitmq_node.PACKAGE, "erlang*", fonts.PACKAGE)
COMMAND = [sys.executable, "-m", "deploy.run", "--no-samples"]
CANNOT_BE_HAD = 77


def purge() -> None:
    asked = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\n", *PACKAGES]
    found = subprocess.run(asked, capture_output=True, text=True).stdout.splitlines()
    installed = [line.removeprefix("installed ") for line in found if line.startswith("installed ")]
    if installed:
        subprocess.run(["dpkg", "--purge", "--force-depends", *installed], check=True, stdout=subprocess.DEVNULL)
    assert not (rabbitmq_node.SCRIPTS / "rabbitmq-server").exists()


def packages_can_be_had() -> bool:
    download = ["apt-get", "-qq", "install", "-y", "--download-only", "--no-install-recommends", fonts.PACKAGE]
    done = subprocess.run(["sh", "-c", 'apt-get -qq update && "$@"', "sh", *download], capture_output=True)
    return done.returncode == 0


class Run:
    """`make run` in a folder and on a port of its own."""

    def __init__(self, folder: Path, port: str) -> None:
        folder.mkdir(parents=True)
        ours = {"VAR_DIR": str(folder / "var"), "PORT": port, "HOST": "127.0.0.1", "MONGO_CACHE_GB": "0.25"}
        self.folder = folder
        self.environ = {name: value for name, value in os.environ.items() if name not in config.NAMES} | ours
        self.output = folder / "output"
        self.keys = folder / "var" / "secrets.env"

    def start(self, **environ: str) -> "subprocess.Popen[bytes]":
        with self.output.open("wb") as output:
            return subprocess.Popen(
                COMMAND,
                env=self.environ | environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def fails_without_a_network(self) -> None:
        nowhere = self.folder / "apt.conf"
        (self.folder / "archives" / "partial").mkdir(parents=True)
        cache = f'Dir::Cache::Archives "{self.folder / "archives"}";'
        nowhere.write_text(f'Acquire::http::Proxy "http://127.0.0.1:1"; Acquire::Retries "0"; {cache}\n')
        status = self.start(APT_CONFIG=str(nowhere)).wait(timeout=60)
        last = self.output.read_text().splitlines()[-1]
        assert (status, "please run as root: apt-get install" in last) == (1, True), self.output.read_text()

    def is_killed_after(self, seconds: int) -> None:
        """kill -9 of the command alone, or of its process group: apt goes on, or ends in the middle. The keys stay."""
        before = keys.read(self.keys)
        child = self.start()
        time.sleep(seconds)  # the promise is about seconds
        assert child.poll() is None, f"ended by itself before second {seconds}:\n{self.output.read_text()}"
        os.killpg(child.pid, signal.SIGKILL) if seconds % 3 else child.kill()
        child.wait()
        assert before is None or keys.read(self.keys) == before

    def serves_and_ends(self) -> None:
        began = time.monotonic()
        child = self.start()
        while "正在服务" not in self.output.read_text():
            assert child.poll() is None, f"ended by itself:\n{self.output.read_text()}"
            assert time.monotonic() < began + 150, f"does not serve:\n{self.output.read_text()}"
            time.sleep(0.1)
        print(f"{self.folder.name} serves after {time.monotonic() - began:.1f} s")
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGINT)  # a second one, of somebody who cannot wait, spoils nothing
        assert child.wait(timeout=90) == 0, self.output.read_text()
        assert not list(guard.bearing("VAR_DIR", self.environ["VAR_DIR"])), "nothing goes on"

    def goes_through(self, kills: Iterable[int]) -> None:
        for seconds in kills:
            self.is_killed_after(seconds)
        self.serves_and_ends()


def main(folder: Path, *ports: str) -> int:
    began = time.monotonic()
    purge()
    odd, even = (Run(folder / name, port) for name, port in zip(("odd", "even"), ports, strict=True))
    odd.fails_without_a_network()
    if not packages_can_be_had():
        return CANNOT_BE_HAD
    print(f"bare, and failed, after {time.monotonic() - began:.1f} s")
    with ThreadPoolExecutor() as both:  # each second of the first ten, in half the time
        list(both.map(Run.goes_through, (odd, even), (range(1, 11, 2), range(2, 11, 2))))
    print(f"done after {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
