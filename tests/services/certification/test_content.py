import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.words import LEVELS
from samples import people
from services.certification import content, numbers
from services.certification.content import Content
from services.certification.faults import Fault
from tests.builders import a_certificate, a_person

TODAY = dt.date(2023, 10, 31)


def read(**changes):
    """Fields are replaced after the certificate was built, so that its number stays that of a 五级 of 2023."""
    body = a_certificate(1) | changes
    return content.read({name: value for name, value in body.items() if value is not None}, today=TODAY)


def codes(**changes):
    found = read(**changes)
    return set() if isinstance(found, Content) else {(fault.field, fault.code) for fault in found}


def test_a_sound_certificate_is_read_whole():
    found = read(region="石家庄市长安区", phone="154 0000-0001")
    person = a_person(1)
    assert isinstance(found, Content), found
    assert (found.holder.name, found.holder.document_number) == (person.name, person.document_number)
    assert (found.level, found.region, found.holder.phone) == ("5", "130102", "15400000001")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("holder_name", " ", "missing"),
        ("holder_name", "王" * 51, "text_too_long"),
        ("document_number", None, "missing"),
        ("document_number", "13010219900101123", "document_number_invalid"),
        ("document_number", "1301021990010112345", "document_number_invalid"),
        ("document_number", "130100196802301234", "document_number_invalid"),
        ("document_number", "1.30102E+17", "number_damaged"),
        ("document_number", "1.30102199001011e+17", "number_damaged"),
        ("document_type", "驾驶证", "document_type_unknown"),
        ("phone", "1380000", "phone_invalid"),
        ("phone", "call me", "phone_invalid"),
        ("certificate_number", None, "missing"),
        ("certificate_number", "Y99991300000123500000", "certificate_number_invalid"),
        ("certificate_number", "A999913000001235000001", "certificate_number_invalid"),
        ("certificate_number", "1.23457E+15", "number_damaged"),
        ("occupation", "育婴员", "occupation_unknown"),
        ("occupation", None, "missing"),
        ("work_type", "工" * 51, "text_too_long"),
        ("level", None, "missing"),
        ("level", "六级", "level_unknown"),
        ("level", "五级/中级工", "level_unknown"),
        ("issued_on", "2023-02-30", "issued_on_unreadable"),
        ("issued_on", "去年五月", "issued_on_unreadable"),
        ("issued_on", "45047", "issued_on_unreadable"),
        ("assessor", None, "missing"),
        ("assessor", "院" * 101, "text_too_long"),
        ("region", None, "missing"),
        ("region", "桥西区", "region_ambiguous"),
        ("region", "河北省", "region_ambiguous"),
        ("region", "110105", "region_unknown"),
        ("remarks", "长" * 501, "text_too_long"),
        ("assessor", "130100196801010028", "text_invalid"),
        ("work_type", "联系15400000001", "text_invalid"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_field_and_code(field, value, code):
    assert (field, code) in codes(**{field: value})


def test_all_faults_are_told_at_once():
    assert codes(holder_name=" ", level="六级", region="桥西区", phone="1") == {
        ("holder_name", "missing"),
        ("level", "level_unknown"),
        ("region", "region_ambiguous"),
        ("phone", "phone_invalid"),
    }


def test_the_number_must_not_contradict_year_or_level():
    number = people.certificate_number(issued_on=dt.date(2022, 5, 1), level="4", serial=1)
    assert codes(certificate_number=number) == {
        ("issued_on", "year_contradicts_number"),
        ("level", "level_contradicts_number"),
    }


def test_a_certificate_of_today_is_taken_and_one_of_tomorrow_is_not():
    number = people.certificate_number(issued_on=TODAY, level="5", serial=1)
    assert not codes(certificate_number=number, issued_on=TODAY.isoformat())
    tomorrow = (TODAY + dt.timedelta(days=1)).isoformat()
    assert codes(certificate_number=number, issued_on=tomorrow) == {("issued_on", "issued_on_future")}


def test_no_reason_quotes_a_personal_value():
    body = a_certificate(1, document_number="13010219900101999X", phone="13912", holder_name="欧阳" * 30)
    for fault in content.read(body, today=TODAY):
        for value in ("13010219900101999", "13912", "欧阳"):
            assert value not in fault.zh + fault.en, f"{fault.code} repeats what was given"


@pytest.mark.parametrize(
    ("number", "review"),
    [
        (people.certificate_number(issued_on=dt.date(2023, 5, 1), level="5", serial=1), False),
        ("S" + people.certificate_number(issued_on=dt.date(2023, 5, 1), level="5", serial=1)[1:], False),
        ("1303000000200001", True),
        ("AB13000000000000000001", True),
        ("Y999911000001235000001", True),  # Beijing's filing
    ],
)
def test_numbers_that_say_nothing_checkable_or_are_another_provinces_need_review(number, review):
    assert numbers.read_number(number) == number
    assert numbers.needs_review(number) is review


def test_old_and_special_numbers_are_not_held_against_year_and_level():
    assert not codes(certificate_number="1303000000200001", level="3", issued_on="2011-05-01")
    assert not codes(certificate_number="AB13000000000000000001", level="特级技师")


@given(st.sampled_from("54321"), st.integers(0, 3), st.booleans())
def test_a_level_is_the_same_in_every_form(code, form, spaced):
    rank, title = LEVELS[code]
    written = (code, rank, title, f"{rank}/{title}")[form]
    assert numbers.read_level(f"　{' '.join(written)} " if spaced else written) == code


@given(st.dates(dt.date(1990, 1, 1), TODAY), st.sampled_from(["iso", "slash", "han", "digits", "wide"]))
def test_a_day_is_the_same_in_every_form(day, form):
    written = {
        "iso": day.isoformat(),
        "slash": f"{day.year}/{day.month}/{day.day}",
        "han": f"{day.year}年{day.month}月{day.day}日",
        "digits": f"{day:%Y%m%d}",
        "wide": day.isoformat().translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}),
    }[form]
    assert numbers.read_day(written, today=TODAY) == day


@given(st.text(max_size=40))
def test_any_text_in_any_field_is_read_or_refused_and_nothing_else(text):
    for field in a_certificate(1):
        found = content.read(a_certificate(1) | {field: text}, today=TODAY)
        assert isinstance(found, Content) or all(isinstance(fault, Fault) for fault in found)


def test_a_number_is_kept_the_same_however_it_was_typed():
    number = people.certificate_number(issued_on=dt.date(2023, 5, 1), level="5", serial=1)
    wide = "".join(chr(ord(character) + 0xFEE0) for character in number.lower())
    assert numbers.read_number(f" {wide[:10]} {wide[10:]}") == number


@pytest.mark.parametrize(
    "written",
    [
        "2023-05-01 00:00:00",
        "2023-05-01T00:00:00",
        "2023/5/1 14:24",
        "2023.5.1",
        "2023.05.01 0:00:00.000",
        "2023年5月1号",
        "2023 年 5 月 1 日",
        "2023·5·1",
        "2023—05—01",
        "２０２３－０５－０１",
        "\u200e2023-05-01",
    ],
)
def test_a_day_as_other_programs_write_it_is_taken(written):
    assert numbers.read_day(written, today=TODAY) == dt.date(2023, 5, 1)


@pytest.mark.parametrize(
    "written",
    ["2023-5", "2023年5月", "23/5/1", "5/1/2023", "2023-05-01T16:00:00.000Z", "2023-05-01 25:00", "2023-5/1", "45047"],
)
def test_a_day_that_could_be_another_is_refused(written):
    fault = numbers.read_day(written, today=TODAY)
    assert fault.code == "issued_on_unreadable"


def test_a_serial_number_for_a_day_is_called_so():
    assert "序号" in numbers.read_day("45047", today=TODAY).zh


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("130102\ue00019900101123X", "第6位后有不可见字符"),
        ("13010219900101123。", "第18位是“。”"),
        ("1301021990010112王3", "第17位不是数字或英文字母"),
    ],
)
def test_the_character_that_does_not_belong_into_a_number_is_named(number, words):
    (fault,) = content.read(a_certificate(1, document_number=number), today=TODAY)
    assert words in fault.zh
    assert "王" not in fault.zh


@pytest.mark.parametrize(
    ("text", "code"),
    [("1.2345678E7", None), ("1.2345678E+7", None), ("1.23457E+11", "number_damaged"), ("1.2E7", "number_damaged")],
)
def test_a_passport_stored_as_a_power_of_ten_is_taken_while_no_digit_is_lost(text, code):
    found = content.read(a_certificate(1, document_type="护照", document_number=text), today=TODAY)
    if code is None:
        assert found.holder.document_number == "12345678"
    else:
        assert [fault.code for fault in found] == [code]


def test_what_is_the_same_on_paper_is_the_same_certificate():
    plain = content.read(a_certificate(1, holder_name="王芳", assessor="某某(石家庄)评价中心"), today=TODAY)
    for name in ("王 芳", "王　芳", "王\u200b芳", "\u200e王芳", "王芳\u202c", "\ufeff王芳", "王\u00a0芳", "王\n芳"):
        typed = a_certificate(1, holder_name=name, assessor="某某（石家庄） 评价中心", work_type="——")
        assert content.read(typed, today=TODAY) == plain
