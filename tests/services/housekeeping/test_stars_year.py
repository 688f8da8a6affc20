from collections.abc import Callable
from typing import Any

from runtime.config import Config
from runtime.files import Files
from samples import stars_year
from samples.stars import into
from services.housekeeping.procedures import domain as procedures
from services.housekeeping.service import Housekeeping


def test_the_made_up_year_leaves_applications_in_every_state_and_is_played_once(
    service: Housekeeping, look: Callable[[], int], settings: Config
) -> None:
    def call(method: str, *args: Any, **kwargs: Any) -> Any:
        return getattr(service, method)(*args, **kwargs)

    told = stars_year.play(call, into(Files(settings)), lambda: look() and None, size=24)
    assert told is not None
    momentary = {"notice_ended", "city_recommendation"}  # the year's people do not leave anything there
    assert set(told) == set(procedures.procedure("stars-2").states) - momentary
    assert told.total() >= 5 * 24
    assert told["awarded"] > 4 * 24 // 2
    assert stars_year.play(call, into(Files(settings)), lambda: None) is None
