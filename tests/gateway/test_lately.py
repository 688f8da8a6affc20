"""What was found out a moment ago is not found out again."""

import itertools
import threading

import pytest

from gateway import problems
from gateway.lately import Lately
from tests.programme import until


def test_many_who_ask_at_once_cost_as_much_as_one() -> None:
    lately, begun, go, found = Lately("test", 60.0), threading.Event(), threading.Event(), []
    calls = []

    def find() -> str:
        calls.append(1)
        begun.set()
        go.wait(10)
        return "answer"

    threads = [threading.Thread(target=lambda: found.append(lately.get("key", find)[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    begun.wait(10)
    go.set()
    for thread in threads:
        thread.join()
    assert (found, calls) == (["answer"] * 8, [1])


def test_an_answer_says_its_age_and_is_none_when_it_is_too_old() -> None:
    lately, numbers = Lately("test", 60.0), itertools.count()
    assert lately.get("key", lambda: next(numbers)) == (0, pytest.approx(0, abs=30))
    assert lately.get("key", lambda: next(numbers)) == (0, pytest.approx(0, abs=60))
    never = Lately("test", 0.0)
    assert [never.get("key", lambda: next(numbers))[0] for _ in range(2)] == [1, 2]


def test_what_could_not_be_found_out_is_tried_again() -> None:
    lately = Lately("test", 60.0)
    with pytest.raises(ZeroDivisionError):
        lately.get("key", lambda: 1 // 0)
    assert lately.get("key", lambda: 1)[0] == 1


def test_only_some_threads_wait_for_an_answer_that_takes_long() -> None:
    """All of them would leave none for whether the gateway is alive."""
    lately, begun, go, outcomes = Lately("test", 60.0), threading.Event(), threading.Event(), []

    def find() -> str:
        begun.set()
        go.wait(10)
        raise ZeroDivisionError

    def ask() -> None:
        with pytest.raises((ZeroDivisionError, problems.TemporarilyUnavailable)) as refused:
            lately.get("key", find)
        outcomes.append(refused.type)

    asking = [threading.Thread(target=ask) for _ in range(40)]
    asking[0].start()
    begun.wait(10)
    for each in asking[1:]:
        each.start()
    until(lambda: problems.TemporarilyUnavailable in outcomes, seconds=10, what="somebody is turned away")
    assert ZeroDivisionError not in outcomes, "nobody has been answered yet"
    go.set()
    for each in asking:
        each.join()
    assert outcomes.count(ZeroDivisionError) >= 2, "who waited is refused as the first one is"


def test_only_so_many_answers_are_in_memory() -> None:
    lately = Lately("test", 60.0)
    for key in range(1000):
        lately.get(key, lambda: b"x")
    assert len(lately._found) < 50
    brief = Lately("test", 0.0)
    for key in range(3):
        brief.get(key, lambda: b"x")
    assert list(brief._found) == [2], "what is too old is forgotten"
