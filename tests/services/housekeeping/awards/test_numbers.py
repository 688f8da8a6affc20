from services.housekeeping.awards import numbers


def test_numbers_are_read_as_people_write_them_and_a_slip_is_noticed() -> None:
    number = numbers.number("JD2023130102", 7)
    assert numbers.read(f" {number[:2].lower()} {number[2:]} ") == number
    assert numbers.read(number[:-1] + ("A" if number[-1] != "A" else "B")) is None
    assert numbers.read("JD") is None


def test_a_masked_number_gives_nobody_the_number() -> None:
    number = numbers.number("JD2023130102", 7)
    assert numbers.masked(number).count("*") == 8
    assert len(numbers.masked(number)) == len(number)
