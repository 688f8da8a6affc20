import datetime as dt

from hypothesis import given
from hypothesis import strategies as some

from contract.message import Event, Said
from runtime.places import START, Mark, Place, Steps, place_of, previous_in, previous_to
from tests.services.targets.builders import an_envelope

AT = dt.datetime(2023, 6, 1, tzinfo=dt.UTC)
QUEUE = "targets.counting.1"


def a_log(count: int, *, name: str = "") -> list[Said]:
    """What goes through QUEUE: every third event of a log."""
    found, last = [], START
    for number in range(1, count + 1):
        envelope = an_envelope(certificate=str(number), seq=3 * number) | {"hash": f"{name}{number:011}".ljust(64, "0")}
        header = previous_to([("targets.counting", Place(9, "f")), (QUEUE, last), ("targets.counting.11", START)])
        found.append(Event.heard(envelope, header))
        last = place_of(envelope)
    return found


def a_mark(log: list[Said], upto: int) -> Mark:
    last = Place(log[upto - 1].seq, log[upto - 1].hash[:12]) if upto else START
    return Mark("certification", 3 * upto + 1, AT, last, "relay", 1, "broker")


def walked(heard: list[Said | Mark], place: Place = START) -> Steps:
    steps = Steps(place)
    for one in heard:
        steps.take(QUEUE, one)
    return steps


def test_each_queue_finds_what_came_before_in_it_and_in_no_other() -> None:
    header = previous_to([("a.b", Place(1, "x")), ("a.b.c", Place(2, "y"))])
    assert previous_in("a.b", header) == Place(1, "x")
    assert previous_in("a.b.c", header) == Place(2, "y")
    assert previous_in("b", header) is None
    assert previous_in("a.b", "") is None


@given(data=some.data(), count=some.integers(1, 8))
def test_a_watermark_fits_only_where_everything_before_it_was_taken(data: some.DataObject, count: int) -> None:
    log = a_log(count)
    taken = data.draw(some.lists(some.integers(0, count - 1), max_size=20))  # lost, repeated, in any order
    upto = data.draw(some.integers(0, count))
    steps = walked([*(log[number] for number in taken), a_mark(log, upto)])
    if steps.reached is not None:
        assert {*range(upto)} <= {*taken}
    assert (steps.reached is None) == (steps.mark is not None)


@given(data=some.data(), count=some.integers(1, 8))
def test_what_comes_again_after_the_place_closes_every_gap(data: some.DataObject, count: int) -> None:
    log = a_log(count)
    taken = data.draw(some.lists(some.integers(0, count - 1), max_size=20))
    steps = walked([log[number] for number in taken])
    again = [said for said in log if said.seq > steps.place.seq]
    after = walked([*again, a_mark(log, count)], steps.place)
    assert after.reached is not None
    assert after.mark is None


def test_another_log_of_the_same_length_does_not_fit() -> None:
    ours, other = a_log(4), a_log(6, name="9")
    assert walked([*ours, a_mark(other, 4)]).reached is None
    assert walked([*ours, *other[4:], a_mark(other, 6)]).reached is None


def test_a_place_that_is_known_by_its_number_only_takes_the_logs_hash() -> None:
    log = a_log(3)
    steps = walked([a_mark(log, 3)], Place(9, ""))
    assert steps.reached is not None
    assert steps.place == Place(9, log[-1].hash[:12])


def test_a_watermark_is_read_as_it_was_written() -> None:
    mark = Mark("reports", 7, AT, Place(5, "a"), "r", 3, "b", "rejoin", START)
    assert Mark.read(mark.body()) == mark
    assert Mark.read({"service": "reports", "seq": 7, "at": AT.isoformat()}).last is None
