import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.words import DocumentType
from samples import people
from services.certification import holders
from services.certification.faults import Fault
from services.certification.holders import Holder

TODAY = dt.date(2023, 10, 31)
RESIDENT = DocumentType.RESIDENT_ID


def read(number, kind=RESIDENT):
    return holders.read_document_number(number, kind=kind, today=TODAY)


@given(st.integers(0, 80_000_000))
def test_every_well_made_number_is_taken_whatever_became_of_its_region(seed):
    number = people.resident(seed).document_number
    assert read(number) == number


@given(st.integers(0, 80_000_000))
def test_full_width_digits_and_a_lower_case_x_are_the_same_number(seed):
    number = people.resident(seed).document_number
    wide = "".join(chr(ord(character) + 0xFEE0) for character in number.lower())
    assert read(number.lower()) == read(wide) == read(f" {number[:6]} {number[6:]}\u3000") == number


@given(st.integers(0, 80_000_000), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_is_always_found(seed, place, character):
    number = people.resident(seed).document_number
    spoiled = number[:place] + character + number[place + 1 :]
    if spoiled != number:
        assert isinstance(read(spoiled), Fault)


@given(st.integers(0, 80_000_000), st.integers(0, 16))
def test_two_neighbours_swapped_are_always_found(seed, place):
    number = people.resident(seed).document_number
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        assert isinstance(read(swapped), Fault)


def test_a_number_cut_by_a_spreadsheet_gets_the_advice_that_helps():
    fault = read("130102199001011000"[:15] + "000")
    assert isinstance(fault, Fault)
    assert fault.code == "document_number_invalid"
    assert "文本" in fault.zh


def test_nobody_is_born_tomorrow():
    tomorrow = TODAY + dt.timedelta(days=1)
    assert isinstance(read(people.id_number(address="130100", born_on=tomorrow, sequence=2)), Fault)
    assert not isinstance(read(people.id_number(address="130100", born_on=TODAY, sequence=2)), Fault)


def test_a_residence_permit_is_no_resident_id_and_the_other_way_round():
    permit, resident = people.permit_holder(1).document_number, people.resident(1).document_number
    assert read(permit, DocumentType.RESIDENCE_PERMIT) == permit
    assert isinstance(read(permit), Fault)
    assert isinstance(read(resident, DocumentType.RESIDENCE_PERMIT), Fault)


@pytest.mark.parametrize(
    ("number", "good"), [("E12345678", True), ("xp0000001", True), ("E1", False), ("护照12345", False)]
)
def test_passports_have_letters_and_digits(number, good):
    assert isinstance(read(number, DocumentType.PASSPORT), str) is good


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", RESIDENT),
        ("身份证", RESIDENT),
        (" 居民身份证 ", RESIDENT),
        ("港澳台居民居住证", DocumentType.RESIDENCE_PERMIT),
        ("护照", DocumentType.PASSPORT),
    ],
)
def test_an_empty_document_type_means_the_resident_id(text, kind):
    assert holders.read_document_type(text) is kind


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("", None),
        ("15400000001", "15400000001"),
        ("+86 154-0000-0001", "15400000001"),
        ("0311-87654321", "0311-87654321"),
    ],
)
def test_phones_are_kept_one_way(text, phone):
    assert holders.read_phone(text) == phone


@pytest.mark.parametrize(("name", "masked"), [("张三", "张*"), ("欧阳一苇", "欧*一苇"), ("李𫖯", "李*"), ("甲", "*")])
def test_one_character_of_a_name_is_masked(name, masked):
    assert holders.mask(Holder(name, RESIDENT, people.resident(1).document_number, None)).name == masked


@given(st.integers(0, 80_000_000))
def test_the_mask_tells_no_birthday_and_keeps_its_length(seed):
    person = people.resident(seed)
    masked = holders.mask(Holder(person.name, RESIDENT, person.document_number, None)).document_number
    assert len(masked) == 18
    assert set(masked[3:16]) == {"*"}


def test_a_holder_in_a_traceback_tells_nothing():
    person = people.resident(1)
    shown = repr(Holder(person.name, RESIDENT, person.document_number, "15400000001"))
    assert person.name not in shown
    assert person.document_number not in shown


def test_a_number_in_the_place_of_a_name_is_refused():
    fault = holders.read_name(people.resident(1).document_number)
    assert isinstance(fault, Fault)
    assert fault.code == "text_invalid"
