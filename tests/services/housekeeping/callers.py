"""Who calls, when a notice is over, and calls at once."""

import datetime as dt
import threading
from collections.abc import Callable

from samples.stars import office

PROVINCE = office("130000")
AFTER_NOTICE = dt.date(2023, 3, 11)  # of one that began on builders.DAY


def together(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
