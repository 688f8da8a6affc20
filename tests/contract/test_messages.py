import datetime as dt
from collections import Counter
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

import contract
from contract import applications, errors, targets
from contract import certification as certified
from contract.errors import Refused
from contract.fields import Text
from contract.message import Message
from tests.builders import a_certificate


def faults(command: type[Message], body: object) -> dict[str, str]:
    with pytest.raises(errors.Invalid) as refused:
        command.read(body)
    return {error["pointer"]: error["code"] for error in refused.value.errors}


def test_a_command_with_everything_wrong_names_every_field_at_once() -> None:
    body = a_certificate(1) | {"level": 5, "issued_on": "2023-5-1", "colour": "red", "phone": "1" * 21}
    del body["assessor"]
    assert faults(certified.IssueCertificate, body) == {
        "/assessor": "missing",
        "/level": "type",
        "/issued_on": "date",
        "/colour": "unknown",
        "/phone": "length",
    }


@pytest.mark.parametrize("body", [None, [], "text", 5, True])
def test_a_command_that_is_no_object_is_refused_as_such(body: object) -> None:
    assert faults(certified.IssueCertificate, body) == {"/": "type"}


def test_every_fault_is_told_in_chinese_and_in_english() -> None:
    with pytest.raises(errors.Invalid) as refused:
        certified.IssueCertificate.read({"level": None})
    for error in refused.value.errors:
        assert any("\u4e00" <= character <= "\u9fff" for character in error["detail"]), error
        assert error["detail_en"].isascii(), error


def test_surrounding_blanks_are_no_part_of_a_text_and_a_nul_never_is() -> None:
    read = certified.RevokeCertificate.read({"certificate_number": " S1 ", "reason": "重复发证"})
    assert read["certificate_number"] == "S1"
    assert faults(certified.RevokeCertificate, {"certificate_number": "S\x001", "reason": "x"}) == {
        "/certificate_number": "character"
    }
    assert faults(certified.RevokeCertificate, {"certificate_number": "   ", "reason": "x"}) == {
        "/certificate_number": "length"
    }


def test_an_answer_with_a_field_that_the_contract_lacks_is_a_bug_at_the_writer() -> None:
    with pytest.raises(ValueError, match="does not declare"):
        targets.Child.write(region="130100", name="石家庄市", value=Decimal(1), secret="x")


def test_numbers_are_sent_as_text_so_that_no_reader_makes_floats_of_them() -> None:
    assert targets.Child.write(region="130100", name="石家庄市", value=Decimal("0.10"))["value"] == "0.10"


def test_instants_are_sent_in_utc_with_milliseconds() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    read = targets.ReadTarget.read({"target_id": "12.1", "known_at": "2023-10-31T23:59:59+08:00"})
    assert read["known_at"] == dt.datetime(2023, 10, 31, 23, 59, 59, tzinfo=shanghai)
    assert faults(targets.ReadTarget, {"target_id": "12.1", "known_at": "2023-10-31T23:59:59"}) == {
        "/known_at": "instant"
    }


def refusals(of: type[Refused] = Refused) -> list[type[Refused]]:
    return [of, *(one for below in of.__subclasses__() for one in refusals(below))]


@pytest.mark.parametrize("refusal", refusals(), ids=lambda refusal: refusal.__name__)
def test_a_refusal_survives_the_way_through_rpc(refusal: type[Refused]) -> None:
    said = refusal("中文", "English", [errors.field_error("/a", "b", "丙", "d")], {"number": 1})
    again = refusal(*said.args)
    assert (again.zh, again.en, again.errors, again.facts, again.code) == (
        said.zh,
        said.en,
        said.errors,
        said.facts,
        said.code,
    )


def test_a_refusals_code_is_its_name_and_no_two_share_one() -> None:
    assert certified.CertificateAlreadyIssued("", "").code == "certificate_already_issued"
    codes = [refusal("", "").code for refusal in refusals()]
    assert len(codes) == len(set(codes))


_ANOTHER = {("Mark", "note"), ("LegalRepresentative", "name")}  # called the same as what another command takes


def test_what_a_command_takes_is_shown_by_every_message_that_shows_it() -> None:
    """A reason of 201 letters, which a command takes, made every list with the certificate in it a 500 for ever."""
    narrower = []
    for found in iter_modules(contract.__path__):
        module = import_module(f"contract.{found.name}")
        messages = [
            (one.__name__, {name: _longest(field) for name, field in one().fields.items()})
            for one in vars(module).values()
            if isinstance(one, type) and issubclass(one, Message) and one.__module__ == module.__name__
        ]
        taken = Counter[str]()
        for _, longest in (message for message in messages if "command_id" in message[1]):
            taken |= Counter(longest)
        narrower += [
            (name, field)
            for name, longest in messages
            for field, most in longest.items()
            if 0 < most < taken[field] and "command_id" not in longest
        ]
    assert set(narrower) <= _ANOTHER


def _longest(field: Any) -> int:
    """How many characters it takes; 0 for what is no text."""
    field = getattr(field, "inner", field)
    return max(field._lengths) if isinstance(field, Text) else 0


@pytest.mark.parametrize("id", ["a b", "a\nb", "-a", "A", "", "x" * 65, "reviewer-13800138000", "张三"])
def test_who_is_named_by_a_clients_id_is_named_as_a_client_can_be(id: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        applications.RegisterReviewer.read({"client_id": id, "organisation": "河北示例学院"})
    assert [error["pointer"] for error in refused.value.errors] == ["/client_id"]
