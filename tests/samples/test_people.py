import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from samples import people

seeds = st.integers(0, 86_755_640)


@given(seeds)
def test_a_resident_has_a_valid_number_with_the_birthday_in_it(seed):
    person = people.resident(seed)
    assert len(person.document_number) == 18
    assert ric.calc_check_digit(person.document_number) == person.document_number[-1]
    assert ric.get_birth_date(person.document_number) == person.born_on
    assert 2 <= len(person.name) <= 3


@given(seeds, seeds)
def test_two_seeds_are_two_people(one, other):
    assert (people.resident(one).document_number == people.resident(other).document_number) == (one == other)


def test_ten_thousand_people_in_a_row_share_no_birthday():
    assert len({people.resident(seed).born_on for seed in range(70_000, 80_000)}) == 10_000


def test_no_number_has_a_county_code_that_a_living_person_could_have():
    for seed in range(5_000):
        address = people.resident(seed).document_number[:6]
        assert address.endswith("00"), f"{address} is the code of a county"


@pytest.mark.parametrize("seed", [-1, 86_755_641])
def test_a_seed_without_a_person_is_refused(seed):
    with pytest.raises(ValueError, match="seed must be"):
        people.resident(seed)


# Numbers that GB 11643 gives in its own appendix
@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_check_digit_is_that_of_the_standard(number):
    assert people.check_digit(number[:17]) == number[-1]


@given(st.integers(0, 9_999))
def test_permits_and_passports_are_well_formed(seed):
    permit = people.permit_holder(seed).document_number
    assert permit[:6] in {"810000", "820000", "830000"}
    assert people.check_digit(permit[:17]) == permit[-1]
    assert people.passport_holder(seed).document_number == f"XP{seed:07d}"


def test_a_certificate_number_agrees_with_year_and_level():
    number = people.certificate_number(issued_on=dt.date(2023, 5, 1), level="4", serial=17)
    assert number == "Y999913000001234000017"
    assert len(number) == 22
