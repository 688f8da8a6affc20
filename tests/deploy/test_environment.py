"""make's own set-up says in one line what it lacks."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OLD = "#!/bin/sh\nexit 1\n"
NO_VENV = '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; *) exit 0 ;; esac\n'


def prepare(folder: Path, programs: dict[str, str], *, user: str) -> subprocess.CompletedProcess:
    """Runs the script where nothing but these programs can be found."""
    for name, text in {**programs, "id": f"#!/bin/sh\necho {user}\n"}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    script = ROOT / "deploy" / "make_venv.sh"
    shell = shutil.which("sh") or "/bin/sh"
    return subprocess.run(
        [shell, script, "requirements-dev.lock", "done"],
        env={"PATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("programs", "user", "advice"),
    [
        ({"python3": OLD}, "0", "Python 3.11 is needed"),
        ({"python3.11": NO_VENV}, "0", "please run as root: apt-get install -y python3-venv"),
        ({"python3.11": NO_VENV, "apt-get": "#!/bin/sh\n"}, "1000", "please run as root"),
        ({"python3.11": NO_VENV, "apt-get": "#!/bin/sh\nexit 100\n"}, "0", "failed, please run as root"),
    ],
)
def test_what_is_missing_is_said_in_a_line(programs: dict[str, str], user: str, advice: str, tmp_path: Path) -> None:
    done = prepare(tmp_path, programs, user=user)
    assert done.returncode == 1
    assert advice in done.stderr.splitlines()[-1]
    assert not (tmp_path / ".venv").exists()


def test_help_tells_every_command() -> None:
    said = subprocess.run(["make", "-s"], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True).stdout
    commands = ["run", "test", "lint", "fmt", "stop", "clean", "bench", "audit", "replay", "parked", "clients", "lock"]
    assert [name for name in commands if f"make {name} " not in said] == []


@pytest.mark.parametrize(
    ("ci", "user", "taken"),
    [
        ("true", "0", "rabbitmq-server erlang-base"),
        ("", "0", None),
        ("true", "1000", None),
    ],
)
def test_ci_takes_away_what_the_commands_must_bring_and_nobody_else_does(
    ci: str, user: str, taken: str | None, tmp_path: Path
) -> None:
    programs = {
        "id": f"echo {user}",
        "make": f'echo "make $*" >>{tmp_path}/done',
        "apt-get": f'echo "apt-get $*" >>{tmp_path}/done',
        "dpkg-query": "echo installed rabbitmq-server; echo installed erlang-base; echo config-files erlang-x; exit 1",
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CI": ci}
    done = subprocess.run([ROOT / ".ci" / "run"], env=environ, capture_output=True, text=True, check=True)
    purged = [f"apt-get purge -qq -y --auto-remove {taken}"] if taken else []
    assert (tmp_path / "done").read_text().splitlines() == [*purged, "make lint", "make test"]
    assert (taken or "taken away") in done.stdout if taken else "taken away" not in done.stdout
