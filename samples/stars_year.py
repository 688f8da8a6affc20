"""A year of stars that never was: about 300 applications in every state that one can be in, made by real commands.

    from samples import stars_year
    told = stars_year.play(call, hand_in, wait)          # None when there are applications already

``call(method, *args)`` commands housekeeping, ``wait()`` returns when its clock has done what is due (``waiting`` makes
one of ``call``). The service's time is set to the days of 2023 as the year goes on, which production refuses, and is
left on 14 November 2023, from where it goes on.
"""

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from contract import regions
from samples.stars import Call, Doc, HandIn, Trade, applicant, office

COHORTS = (dt.date(2023, 1, 9), dt.date(2023, 3, 6), dt.date(2023, 5, 8), dt.date(2023, 9, 4))
LAST = dt.date(2023, 11, 6)
TODAY = dt.date(2023, 11, 14)
SIZE = 60
_PROVINCE = office(regions.PROVINCE)
_APPEALED = dt.timedelta(days=10)
_LONG_ENOUGH = dt.timedelta(days=28)  # for any notice or cure window of the year, Spring Festival included


def waiting(call: Call, *, seconds: float = 120.0) -> Callable[[], None]:
    """Waits until nothing is due. Raises TimeoutError: is the clock's process running?"""

    def wait() -> None:
        until = time.monotonic() + seconds
        while call("status")["due"]:
            if time.monotonic() > until:
                raise TimeoutError(f"what was due is not done after {seconds} s: does housekeeping.clock run?")
            time.sleep(0.1)

    return wait


def play(call: Call, hand_in: HandIn, wait: Callable[[], None], *, size: int = SIZE) -> Counter[str] | None:
    """How many applications are in which state at the end; None when there were some already. ``size``: applications
    of each of the five cohorts."""
    trade = Trade(call, hand_in)
    if call("applications", _PROVINCE, limit=1)["items"]:
        return None
    trade.set_time(COHORTS[0])
    trade.register_reviewers(16)
    _give_places(trade, size)
    numbers = iter(range(1, 10_000))
    awarded: list[Doc] = []
    for day in COHORTS:
        trade.set_time(day)
        awarded += _cohort(trade, wait, day, list(_applications(trade, numbers, size)))
    trade.set_time(dt.date(2023, 10, 16))
    _afterwards(trade, awarded)
    trade.set_time(LAST)
    _still_going_on(trade, list(_applications(trade, numbers, size)))
    trade.set_time(TODAY)
    wait()
    return Counter(application["state"] for application in _all(call))


def _give_places(trade: Trade, size: int) -> None:
    for unit in regions.units():
        for kind in ("base", "fusao"):
            command = {"unit": unit.code, "subject_kind": kind, "year": 2023, "places": size, "reason": "年度推荐名额"}
            trade.call("set_quota", command, _PROVINCE)


def _applications(trade: Trade, numbers: Iterator[int], size: int) -> Iterator[Doc]:
    """Drafts: of four, three of bases, and one of a 福嫂 whom the base before employs."""
    counties = regions.counties()
    base: Doc | None = None
    for place in range(size):
        number = next(numbers)
        if place % 4 == 3 and base is not None:
            yield trade.apply(trade.fusao(number, base))
        else:
            base = trade.base(number, counties[number * 29 % len(counties)].code)
            yield trade.apply(base)


def _cohort(trade: Trade, wait: Callable[[], None], day: dt.date, drafts: list[Doc]) -> list[Doc]:
    """From draft to the end; those that were awarded."""
    on_notice, cured, refused = [], [], []
    for place, application in enumerate(drafts):
        trade.submit(application)
        county = office(application["region"])
        match place % 20:
            case 0:
                trade.move(application, "withdraw", applicant(application["organisation"]), reason="材料准备不足，撤回")
            case 1:
                trade.move(application, "send_back", county, reason="缺少员工名册，请补正")
            case 2:
                trade.move(application, "send_back", county, reason="信用报告已过期，请补正")
                cured.append(application)
            case 3:
                trade.move(application, "decline", county, reason="经查不再从事家政服务")
            case _:
                trade.recommend(application)
    trade.set_time(day + dt.timedelta(days=2))
    for application in cured:
        more = [trade.evidence("credit_report", "new")]
        trade.move(application, "resubmit", applicant(application["organisation"]), evidence=more, reason="已补正")
        trade.recommend(application)
    for place, application in enumerate(drafts):
        if place % 20 in (0, 1, 3):
            continue
        if place % 20 == 4:
            trade.review(application, 62, 66)
            trade.move(application, "decline", _PROVINCE, reason="未达到三星级标准")
            continue
        score = 72 + place * 7 % 26
        trade.review(application, *((score, score - 14, score - 4) if place % 20 == 7 else (score, max(score - 3, 71))))
        if trade.call("application", application["application_id"], _PROVINCE)["outcome"]["stars"]:
            trade.open_notice(application)
            on_notice.append((place, application))
        else:
            trade.move(application, "decline", _PROVINCE, reason="未达到三星级标准")
    for place, application in on_notice:
        if place % 20 == 8:
            trade.refuse(application, trade.object(application, place))
        if place % 20 in (5, 6):
            upheld = place % 20 == 6
            trade.inquire(application, trade.dispute(application, place), upheld=upheld)
            refused += [application] if upheld else []
    trade.set_time(day + _APPEALED)
    heard = _appeals(trade, refused)
    trade.set_time(day + _LONG_ENOUGH)
    wait()
    awarded = [trade.award(application) for place, application in on_notice if place % 20 != 6]
    return awarded + [trade.award(appeal, clerk=2) for appeal in heard]


def _appeals(trade: Trade, refused: list[Doc]) -> list[Doc]:
    """Every second of those whom an objection stopped appeals, and is right."""
    heard = []
    for application in refused[::2]:
        appeal = trade.appeal(application)
        trade.review(appeal, 84, 82)
        heard.append(trade.open_notice(appeal, clerk=2))
    return heard


def _afterwards(trade: Trade, awarded: list[Doc]) -> None:
    """What happens to awards within their year."""
    for place, application in enumerate(awarded):
        award_id = application["award_id"]
        match place % 23:
            case 3:
                trade.change(award_id, "lower", stars=2, reason="抽查服务质量明显下降")
            case 9:
                trade.change(award_id, "suspend", reason="投诉核查期间暂停")
            case 13:
                trade.change(award_id, "suspend", reason="投诉核查期间暂停")
                trade.change(award_id, "resume", reason="投诉查无实据，恢复")
            case 17:
                trade.change(award_id, "revoke", reason="查实侵害从业人员劳动权益")
            case 21 if application["subject_kind"] == "base":
                trade.confirm_move(trade.propose_move(application["subject_key"], region="130202"))
    _recognised_by_cities(trade, [each for each in awarded if each["subject_kind"] == "base"][:4])


def _recognised_by_cities(trade: Trade, awarded: list[Doc]) -> None:
    """Of bases that count already: one is refused, one waits for the province, the others are confirmed."""
    days = {"notice_opened_on": "2023-09-11", "notice_ended_on": "2023-09-22", "awarded_on": "2023-09-25"}
    for place, application in enumerate(awarded):
        recognition = trade.recognise(trade.call("base", application["subject_key"], _PROVINCE), **days)
        if place:
            trade.decide(recognition, "refuse" if place == 1 else "confirm")


def _still_going_on(trade: Trade, drafts: list[Doc]) -> None:
    """Applications of November, stopped wherever they happen to be."""
    for place, application in enumerate(drafts):
        county, stop = office(application["region"]), place % 8
        if stop == 0:
            continue
        trade.submit(application)
        if stop == 1:
            continue
        if stop == 2:
            trade.move(application, "send_back", county, reason="缺少培训记录，请补正")
            continue
        if stop == 3:
            trade.move(application, "accept", county)
            continue
        trade.recommend(application)
        if stop == 4:
            continue
        trade.review(application, *((88,) if stop == 5 else (88, 90)))
        if stop >= 6:
            trade.open_notice(application)
        if stop == 7:
            trade.object(application, place)  # nobody answers, so it is admitted by itself


def _all(call: Call) -> Iterator[Doc]:
    after: Any = None
    while True:
        page = call("applications", _PROVINCE, after=after, limit=200)
        yield from page["items"]
        after = page["next"]
        if after is None:
            return
