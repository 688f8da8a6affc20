"""Rosters that two centres have in common are told once, to people, and change nothing that is recorded or counted."""

import datetime as dt
import threading
from contextlib import contextmanager
from decimal import Decimal

import pytest

from contract.certification import AnomalyNoticed, CertificateIssued
from contract.message import Event
from runtime import clock
from services.certification.imports import Worker
from services.certification.overlaps.domain import Options, Other, overlaps
from services.certification.overlaps.job import Comparing
from tests.builders import a_certificate, a_person, a_roster, write_roster
from tests.programme import until
from tests.services.certification.actors import CENTRE, OTHER_CENTRE

OPTIONS = Options(days=365, persons=20, share=Decimal("0.3"))
TODAY = dt.date(2023, 6, 30)


def people(first, last):
    return frozenset(f"{number:032x}" for number in range(first, last))


def compared(persons, **others):
    return overlaps(
        organisation="one", import_id="0" * 24, persons=persons, others=others, today=TODAY, options=OPTIONS
    )


@pytest.mark.parametrize(
    ("roster", "common", "told"),
    [(60, 20, True), (60, 19, False), (100, 29, False), (100, 30, True)],
)
def test_it_takes_many_people_and_a_large_part_of_the_roster(roster, common, told):
    assert bool(compared(people(0, roster), two=Other(people(0, common)))) is told


def test_the_same_file_is_told_however_small_it_is():
    (overlap,) = compared(people(0, 3), two=Other(people(0, 3), frozenset(["1" * 24]), same_file=True))
    assert overlap.measures == {
        "organisations": ["one", "two"],
        "import_id": "0" * 24,
        "other_imports": ["1" * 24],
        "same_file": True,
        "persons_in_common": 3,
        "persons_in_roster": 3,
        "percent": "100.00",
    }


def test_a_pair_has_one_key_a_month_whoever_was_first():
    (ours,) = compared(people(0, 60), two=Other(people(0, 60)))
    (theirs,) = overlaps(
        organisation="two",
        import_id="1" * 24,
        persons=people(0, 60),
        others={"one": Other(people(0, 60))},
        today=TODAY.replace(day=1),
        options=OPTIONS,
    )
    assert ours.key == theirs.key
    everybody = Other(people(0, 60))
    assert len({overlap.key for overlap in compared(people(0, 60), two=everybody, three=everybody)}) == 2


@contextmanager
def working(settings):
    stop = threading.Event()
    thread = threading.Thread(target=Worker(settings).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def noticed(certificates, settings):
    def read():
        comparing = Comparing(settings)
        while comparing.work():
            pass
        heard = [Event.heard(row["event"]) for row in certificates.store["outbox"].find().sort("_id", 1)]
        return [said.data for said in heard if said.event is AnomalyNoticed]

    return read


def uploaded(rosters, path, roster, actor):
    return rosters.work(rosters.start(write_roster(path, roster), actor), actor=actor)


def test_a_roster_uploaded_by_two_centres_is_told_once(rosters, certificates, tmp_path, noticed):
    roster = a_roster(30)
    uploaded(rosters, tmp_path / "a.csv", roster, CENTRE)
    assert noticed() == []
    before = list(certificates.store["certificates"].find().sort("_id", 1))
    job = uploaded(rosters, tmp_path / "b.csv", roster, OTHER_CENTRE)
    assert job["duplicate"] == 30
    (told,) = noticed()
    assert (told["kind"], told["target_id"], told["region"]) == ("名册重合", "12.1", "130000")
    assert told["noticed_on"] == clock.day_of(clock.now())
    assert told["measures"]["same_file"] is True
    assert told["measures"]["persons_in_common"] == told["measures"]["persons_in_roster"] == 30
    assert told["measures"]["organisations"] == ["centre", "other"]
    uploaded(rosters, tmp_path / "c.csv", a_roster(31), OTHER_CENTRE)
    assert len(noticed()) == 1, "the same pair, the same month"
    assert list(certificates.store["certificates"].find({"organisation": "centre"}).sort("_id", 1)) == before


def test_the_same_people_under_other_numbers_are_found_by_who_they_are(rosters, tmp_path, noticed):
    uploaded(rosters, tmp_path / "a.csv", a_roster(40), CENTRE)
    assert noticed() == []
    again = [a_certificate(5000 + seed, person=a_person(seed), level="4") for seed in range(25)]
    uploaded(rosters, tmp_path / "b.csv", again + a_roster(40, 9000), OTHER_CENTRE)
    (told,) = noticed()
    assert told["measures"]["same_file"] is False
    assert (told["measures"]["persons_in_common"], told["measures"]["persons_in_roster"]) == (25, 65)
    assert not {"name", "document_number"} & told["measures"].keys()


def test_ones_own_rosters_a_few_people_and_what_was_recalled_say_nothing(rosters, service, settings, tmp_path, noticed):
    first = uploaded(rosters, tmp_path / "a.csv", a_roster(40), CENTRE)
    uploaded(rosters, tmp_path / "b.csv", [*a_roster(40), a_certificate(7000)], CENTRE)
    uploaded(rosters, tmp_path / "c.csv", [*a_roster(5), *a_roster(60, 8000)], OTHER_CENTRE)
    assert noticed() == []
    service.recall_import({"import_id": first["import_id"], "reason": "误传他人名册"}, CENTRE)
    with working(settings):
        rosters.until(first, lambda job: job["state"] == "recalled")
    again = [a_certificate(6000 + number, person=a_person(number)) for number in range(10, 40)]
    uploaded(rosters, tmp_path / "d.csv", again, OTHER_CENTRE)
    assert noticed() == []


def test_a_dry_run_says_nothing(rosters, certificates, tmp_path, noticed):
    uploaded(rosters, tmp_path / "a.csv", a_roster(30), CENTRE)
    job = rosters.start(write_roster(tmp_path / "b.csv", a_roster(30)), OTHER_CENTRE, dry_run=True)
    rosters.work(job, actor=OTHER_CENTRE)
    assert noticed() == []
    assert certificates.store["imports"].count_documents({"compared": False}) == 0


def test_the_worker_compares_by_itself_once_it_has_nothing_better_to_do(rosters, certificates, settings, tmp_path):
    uploaded(rosters, tmp_path / "a.csv", a_roster(30), CENTRE)
    rosters.start(write_roster(tmp_path / "b.csv", a_roster(30)), OTHER_CENTRE)
    with working(settings):
        until(lambda: certificates.store["anomalies"].count_documents({}), seconds=20, what="it was noticed")
    assert certificates.store["outbox"].count_documents({"event.type": CertificateIssued.type()}) == 30


def test_of_many_imports_twenty_are_named_and_two_thirds_are_66_67_percent():
    many = frozenset(f"{number:024x}" for number in range(30))
    (overlap,) = compared(people(0, 60), two=Other(people(0, 40), many))
    assert overlap.measures["other_imports"] == sorted(many)[:20]
    assert len(overlap.measures["other_imports"]) == 20
    assert (overlap.measures["percent"], overlap.measures["same_file"]) == ("66.67", False)
