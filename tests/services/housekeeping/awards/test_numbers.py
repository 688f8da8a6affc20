import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from contract import regions
from contract.housekeeping import RecognisedBy, SubjectKind
from services.housekeeping.awards import numbers
from services.housekeeping.awards.answers import public_award
from services.housekeeping.awards.domain import Award
from tests.services.housekeeping.awards.builders import an_award

LEAST = 1_000  # numbers that must remain possible when all that is public of an award is known

awards = st.builds(
    lambda kind, by, region, day, serial: an_award(
        kind=kind,
        recognised_by=by,
        region=region,
        awarded_on=day,
        number=numbers.number(numbers.series(kind, by, day.year, region), serial),
    ),
    st.sampled_from(SubjectKind),
    st.sampled_from(RecognisedBy),
    st.sampled_from([each.code for each in regions.counties()]),
    st.dates(min_value=an_award().awarded_on.replace(year=2023), max_value=an_award().awarded_on.replace(year=2035)),
    st.integers(0, numbers.SERIALS - 1),
)


def test_numbers_are_read_as_people_write_them_and_a_slip_is_noticed() -> None:
    number = numbers.number("JD2023130102", 7)
    assert numbers.read(f" {number[:2].lower()} {number[2:]} ") == number
    assert numbers.read(number[:-1] + ("A" if number[-1] != "A" else "B")) is None
    assert numbers.read("JD") is None


@settings(max_examples=25, deadline=None)
@given(award=awards)
def test_all_that_is_public_of_an_award_leaves_a_thousand_numbers_possible(award: Award) -> None:
    """Whoever knows the rule of numbers makes each that goes with kind, giver, year and region, and compares its mask
    with the one that is published."""
    seen = public_award(award)
    kind, by = SubjectKind(seen["subject_kind"]), RecognisedBy(seen["recognised_by"])
    series = {
        numbers.series(kind, by, seen["awarded_on"].year, each.code)
        for each in regions.counties()
        if each.full_name == seen["region_name"]
    }
    made = (numbers.number(each, serial) for each in sorted(series) for serial in range(numbers.SERIALS))
    possible = [one for one in itertools.islice(made, 5 * LEAST) if numbers.masked(one) == seen["award_number"]]
    assert len(possible) >= LEAST
    assert award.number not in str(seen)
    assert len(seen["award_number"]) == len(award.number)
