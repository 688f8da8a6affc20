"""What it was measured on: without names."""

import platform
import re
from importlib import metadata
from pathlib import Path

import psutil
from pymongo import MongoClient

from runtime import rabbit
from runtime.config import Config

_LIBRARIES = ("nameko", "kombu", "pymongo", "marshmallow", "Flask", "gunicorn")


def described() -> str:
    processor = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return (
        f"{psutil.cpu_count()} cores ({processor[1].strip() if processor else platform.machine()}), "
        f"{psutil.virtual_memory().total / 2**30:.0f} GB memory, Linux {platform.release().partition('-')[0]}"
    )


def versions(config: Config) -> str:
    client: MongoClient[dict] = MongoClient(config.mongo_uri)
    with client, rabbit.connection(config) as broker:
        found = {
            "Python": platform.python_version(),
            "MongoDB": client.server_info()["version"],
            "RabbitMQ": broker.connect().server_properties["version"],
        }
    found |= {name: metadata.version(name) for name in _LIBRARIES}
    return ", ".join(f"{name} {version}" for name, version in found.items())
