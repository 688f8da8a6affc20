"""What a handler may be told to do, ours and nameko's own alike."""

import os
import time

import eventlet
from pymongo.errors import AutoReconnect

from contract.errors import Refused
from tests.runtime.hosted.journal import note

ID_NUMBER = "110101199003070118"  # nobody's: it stands for what must never be in a log
NAME = "张三丰收"


class TooLoud(Refused):
    """太响了。"""


def do(then: str, number: int) -> None:
    note(f"began {number}")
    match then.split():
        case ["pass"]:
            pass
        case ["fail"]:
            raise ValueError(f"{NAME} {ID_NUMBER}")
        case ["refuse"]:
            raise TooLoud("太响了", "too loud")
        case ["away-once"]:
            if number not in _seen:
                _seen.add(number)
                raise AutoReconnect("the database is away")
        case ["away"]:
            raise AutoReconnect("the database is away")
        case ["sleep", seconds]:
            eventlet.sleep(float(seconds))
        case ["block", seconds]:
            eventlet.patcher.original("time").sleep(float(seconds))
        case ["die"]:
            os._exit(9)
        case other:
            raise AssertionError(other)
    note(f"ended {number} at {time.time()}")


_seen: set[int] = set()
