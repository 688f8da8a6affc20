"""The registry on a real database, through the calls that the gateway makes."""

import datetime as dt
from typing import Any

import pytest

from contract import applications as cased
from contract import certification
from contract import housekeeping as public
from contract.message import Said
from contract.words import Role
from runtime.config import Config
from samples import people, stars
from samples.stars import Trade, applicant
from services.housekeeping import store
from services.housekeeping.registry.store import registry_of
from services.housekeeping.service import Housekeeping
from tests.services.housekeeping.callers import PROVINCE


def test_nothing_personal_leaves_or_lies_open(trade: Trade, kept: store.Housekeeping) -> None:
    base = trade.base(1)
    fusao = trade.fusao(1, base)
    person, boss = people.resident(800_001), people.resident(900_001)
    everything = str([base, fusao, *kept.store["bases"].find(), *kept.store["fusao"].find()])
    for personal in (person.name, person.document_number, boss.name, people.phone(1), people.phone(800_001)):
        assert personal not in everything


def test_who_sees_a_person_in_full_says_why_and_is_recorded(trade: Trade, kept: store.Housekeeping) -> None:
    fusao = trade.fusao(1, trade.base(1))
    command = {"subject_kind": "fusao", "subject_key": fusao["person_key"], "reason": "核实授牌信息"}
    with pytest.raises(public.StarsNotAllowed):
        trade.call("reveal_subject", command, applicant("base-1"))
    assert trade.call("reveal_subject", command, PROVINCE)["name"] == people.resident(800_001).name
    (row,) = kept.store["reveals"].find()
    assert (row["about"], row["reason"]) == (fusao["person_key"], "核实授牌信息")


def test_a_fusao_is_the_same_person_as_on_her_certificates(
    trade: Trade, service: Housekeeping, settings: Config
) -> None:
    fusao = trade.fusao(1, trade.base(1))
    heard = {
        "certificate_id": "c" * 24, "version": 2, "person_key": fusao["person_key"], "occupation": "养老护理员",
        "level": "5", "issued_on": dt.date(2023, 2, 1), "region": "130102", "verification": "未核验",
    }  # fmt: skip
    for version, status in ((2, "revoked"), (1, "valid"), (2, "revoked")):
        data = heard | {"version": version, "status": status}
        service.on_certificate(
            Said(certification.CertificateRevoked, "a", "certification", "c", dt.datetime.now(dt.UTC), None, 1, data)
        )
    (held,) = trade.call("fusao", fusao["person_key"], PROVINCE)["certificates"]
    assert held["status"] == "revoked", "an older event changes nothing"
    assert registry_of(settings).valid_held_by(fusao["person_key"]) == 0


def test_a_code_or_a_person_is_registered_once(trade: Trade) -> None:
    base = trade.base(1)
    trade.fusao(1, base)
    with pytest.raises(public.SubjectAlreadyRegistered):
        trade.base(1)
    with pytest.raises(public.SubjectAlreadyRegistered):
        trade.fusao(1, base)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"credit_code": "91130000YY0000001!"}, "/credit_code"),
        ({"women": 999}, "/women"),
        ({"registered_on": "2099-01-01"}, "/registered_on"),
    ],
)
def test_particulars_that_cannot_be_are_refused_by_field(trade: Trade, changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(public.SubjectInvalid) as refused:
        trade.base(1, **changes)
    assert [error["pointer"] for error in refused.value.errors] == [pointer]


def test_nobody_registers_a_base_outside_their_region(trade: Trade) -> None:
    outside = stars.actor("x", Role.APPLICANT, "130200", "base-9")
    command = {
        "credit_code": stars.credit_code(9), "name": "某家政", "region": "130102", "led_by_a_woman": True,
        "legal_representative": {"name": "某人"}, "registered_on": "2018-01-01", "staff": 1, "women": 1, "employed": 1,
        "certified": 1,
    }  # fmt: skip
    with pytest.raises(cased.RegionNotYours):
        trade.call("register_base", command, outside)


def test_a_mask_hides_a_character_of_the_name_however_it_was_typed(trade: Trade) -> None:
    base = trade.base(1)
    change = {"base_id": base["base_id"], "reason": "更换法定代表人", "legal_representative": {"name": "王\u200b 芳"}}
    assert trade.call("correct_base", change, PROVINCE)["legal_representative"] == "王*"
