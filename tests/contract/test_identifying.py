"""Names and numbers as they are typed, read as one."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import identifying, personal

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
LATIN = st.sampled_from("abcXYZéüĀ")
NAMES = st.one_of(st.text(HAN, min_size=2, max_size=6), st.text(LATIN, min_size=2, max_size=8))
UNSEEN = [" ", "　", "\u00a0", "\u200b", "\u200e", "\u202c", "\ufeff", "\ufe00", "\U000e0100", "\n", "\t", "\u3164"]
# What is typed by mistake, besides any text at all.
ODD = st.text(
    st.one_of(HAN, LATIN, st.sampled_from([*UNSEEN, *"·•・．.()（）ＡＢ１２'\"=--—/̈"]), st.characters()), max_size=12
)


@given(NAMES, st.data())
def test_a_name_is_the_same_whatever_invisible_stands_in_it(name, data):
    places = data.draw(st.lists(st.tuples(st.integers(0, len(name)), st.sampled_from(UNSEEN)), max_size=4))
    typed = name
    for place, character in places:
        if name.isascii() or unicodedata.category(name[0]) != "Lo":
            character = "\u200b"  # between words of letters a blank says something
        typed = typed[:place] + character + typed[place:]
    assert identifying.name(typed) == identifying.name(name)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("王 芳", "王芳"),
        ("王\n芳", "王芳"),
        ("葛\U000e0100兰", "葛兰"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽・买买提", "阿依古丽·买买提"),
        ("阿依古丽．买买提", "阿依古丽·买买提"),
        ("阿依古丽 · 买买提", "阿依古丽·买买提"),
        ("阿依古丽.买买提", "阿依古丽·买买提"),
        ("李\uf9b5", "李例"),
        ("⾦花", "金花"),
        ("Ｚｈｏ\u0304ｕ　é", "Zhōu é"),
        ("JOHN   SMITH", "JOHN SMITH"),
        ("J. Smith", "J. Smith"),
        ("王\ue863", "王䶮"),
        ("某某（石家庄） 评价中心", "某某(石家庄)评价中心"),
        ("\u200e某某(石家庄)评价中心", "某某(石家庄)评价中心"),
        ("\u200b", ""),
    ],
)
def test_what_looks_the_same_is_the_same(typed, read):
    assert identifying.name(typed) == read


@pytest.mark.parametrize("written", ["", "-", "--", "—", "——", "－－", "─", "/", "／", "无", " 无 ", "\\", "―", "ー"])
def test_no_work_type_is_one_whatever_was_put_for_it(written):
    assert identifying.work_type(written) == "--"


@given(ODD)
def test_reading_again_changes_nothing(text):
    for read in (identifying.name, identifying.body, identifying.work_type, identifying.number):
        assert read(read(text)) == read(text)


@given(ODD, ODD, ODD)
def test_being_read_the_same_is_an_equivalence(one, two, three):
    def same(left, right):
        return identifying.name(left) == identifying.name(right)

    assert same(one, one)
    assert same(one, two) == same(two, one)
    assert not (same(one, two) and same(two, three)) or same(one, three)
    assert same(one, identifying.name(one)), "the form in which it is recorded is the same name"


def letters_of(text):
    """What is seen and is neither punctuation nor a mark upon another."""
    return [
        character
        for character in text
        if (kind := unicodedata.category(character))[0] not in "ZPM" and kind not in ("Cc", "Cf", "Cs")
    ]


@given(ODD)
def test_a_mask_hides_one_character_that_is_seen_and_never_shows_the_whole_name(text):
    name, masked = identifying.name(text), identifying.masked(text)
    assert masked.count("*") >= 1
    shown, whole = letters_of(masked), letters_of(name)
    if masked == "*":
        assert len(whole) <= 1
    else:
        assert shown == whole[:1] + whole[2:], "all but the second are as they were"


@given(NAMES, st.data())
def test_a_mask_is_of_the_name_and_not_of_how_it_was_typed(name, data):
    place = data.draw(st.integers(0, len(name)))
    typed = name[:place] + data.draw(st.sampled_from(["\u200b", "\u200e", "\ufe00", "\ufeff"])) + name[place:]
    assert identifying.masked(typed) == identifying.masked(name)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王 芳", "王*"),
        ("王\u200b芳", "王*"),
        ("王", "*"),
        ("王·", "*"),
        ("A·B", "A·*"),
        ("Zx\u0323\u0302y", "Z*y"),  # what is seen as one character goes as one
        ("欧阳一苇", "欧*一苇"),
        ("", "*"),
    ],
)
def test_a_mask_goes_by_what_is_seen(name, masked):
    assert identifying.masked(name) == masked


@pytest.mark.parametrize(
    "typed",
    [
        "\u200e13000019710211000X",
        "13000019710211000X\u202c",
        "130000\u200b19710211000X",
        "\ufeff13000019710211000X",
        "\u00a013000019710211000X",
        "'13000019710211000X",
        "‘13000019710211000X",
        '="13000019710211000X"',
        "13000019710211000x\t",
        "130000 19710211 000X",
        "１３００００１９７１０２１１０００Ｘ",
    ],
)
def test_a_number_is_what_was_meant(typed):
    assert identifying.number(typed) == "13000019710211000X"


def test_what_a_number_cannot_have_is_named_with_its_place_and_letters_are_not_quoted():
    assert identifying.stranger("130X") is None
    assert identifying.stranger("130\ue000") == (
        "第3位后有不可见字符（U+E000）",
        "has an invisible character (U+E000) after 3",
    )
    assert identifying.stranger("Y9973-13")[0] == "第6位是“-”"
    assert "王" not in "".join(identifying.stranger("13王"))


def test_nothing_that_is_left_out_is_overlooked():
    for code in range(0x110000):
        character = chr(code)
        if unicodedata.category(character) in ("Cf", "Cc"):
            assert character not in identifying.visible(f"王{character}芳").replace(" ", "\x00"), hex(code)


@pytest.mark.parametrize("between", ["\u200b", "\u2060", "\ufeff", "\ufe00", "\u00ad"])
def test_a_number_of_a_person_is_found_whatever_invisible_stands_in_it(between):
    assert personal.has_number(f"请联系1540000{between}0001")
    assert not personal.has_number(f"共154{between}万元")
