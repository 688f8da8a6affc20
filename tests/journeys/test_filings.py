"""What the province files of an assessor governs, a moment later, what training centres can record."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.certification import CertificateInvalid
from runtime import mongo, rabbit
from runtime.outbox import Outbox
from tests.builders import a_certificate
from tests.conftest import Servers, _space
from tests.journeys.centre import ACTOR, Centre
from tests.programme import Programme, until
from tests.services.training.builders import PROVINCE, a_code, a_filing

PROCESSES = ("certification", "certification.imports", "training", "training.relay")
BODY, OWN, OTHER = "河北示例职业技能评价中心", "Y999913000000", "Y888813000000"  # of a_certificate, and another


@pytest.fixture(scope="module")
def programme(servers: Servers, session_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programme]:
    """What filings need, and nothing else."""
    with _space(servers, session_folder) as environ:
        running = Programme(environ, tmp_path_factory.mktemp("logs"))
        try:
            running.start(*PROCESSES)
            yield running
        finally:
            running.stop_all()


@pytest.fixture(scope="module")
def centre(programme: Programme, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    ours = Centre(programme, tmp_path_factory.mktemp("rosters"))
    yield ours
    ours.rpc.close()


def heard(programme: Programme, number: int = 1) -> dict[str, Any]:
    """What certification knows of a body, once it has heard all that was said of it."""
    said = mongo.database(programme.config, "training")["assessors"].find_one({"credit_code": a_code(number)})
    assert said is not None
    query = {"_id": said["_id"], "version": said["version"]}
    filings = mongo.database(programme.config, "certification")["filings"]
    found: dict[str, Any] = until(lambda: filings.find_one(query), seconds=30, what="certification has heard of it")
    return found


def issue(centre: Centre, seed: int, **changes: Any) -> str | None:
    """Why it was refused; None when it was not."""
    try:
        centre.certification("issue_certificate", a_certificate(seed, **changes), ACTOR)
    except CertificateInvalid as refused:
        return refused.errors[0]["code"]
    return None


def test_a_filing_travels_to_certification_and_decides_there(programme: Programme, centre: Centre) -> None:
    assert issue(centre, 1) is None, "nothing is filed yet"
    centre.rpc.call("training", "file_assessor", a_filing(1, number_prefix=OTHER), PROVINCE)
    assert heard(programme)["number_prefixes"] == [OTHER]
    assert issue(centre, 2) == "assessor_contradicts_number"

    job = centre.finished(centre.hand_in([a_certificate(1), a_certificate(3), a_certificate(4, assessor="另一机构")]))
    assert (job["duplicate"], job["rejected"], job["created"]) == (1, 1, 1)
    (row,) = centre.certification("import_rows", job["import_id"], ACTOR, outcome="rejected")["items"]
    assert (row["field"], row["code"]) == ("certificate_number", "assessor_contradicts_number")

    centre.rpc.call("training", "file_assessor", a_filing(1, number_prefix=OWN), PROVINCE)
    assert heard(programme)["number_prefixes"] == [OTHER, OWN]
    assert issue(centre, 2) is None


def test_what_is_said_while_certification_is_away_is_heard_when_it_comes_back(
    programme: Programme, centre: Centre
) -> None:
    programme.kill("certification")
    centre.rpc.call(
        "training", "file_assessor", a_filing(2, name="另一机构", number_prefix="S777713000000", kind="S"), PROVINCE
    )
    centre.rpc.call("training", "withdraw_filing", {"credit_code": a_code(2), "reason": "不再符合条件"}, PROVINCE)
    programme.start("certification")
    assert heard(programme, 2)["status"] == "withdrawn"
    assert issue(centre, 5, assessor="另一机构") == "assessor_contradicts_number", "it was issued before the withdrawal"


def test_the_relay_that_is_killed_says_it_twice_and_nothing_changes(programme: Programme, centre: Centre) -> None:
    training = mongo.database(programme.config, "training")
    outbox = Outbox(training)
    before = {number: heard(programme, number) for number in (1, 2)}
    until(lambda: outbox.waiting() == 0, what="all is said")
    programme.kill("training.relay")
    training["relay"].update_one({"_id": "head"}, {"$set": {"published": 0}})  # as if no confirm had come
    programme.start("training.relay")
    until(lambda: outbox.waiting() == 0, what="all is said again")
    centre.rpc.call("training", "file_assessor", a_filing(3, name="第三家", number_prefix="Y666613000000"), PROVINCE)
    heard(programme, 3)
    assert {number: heard(programme, number) for number in (1, 2)} == before


def test_after_all_of_this_nothing_was_parked_and_nothing_waits(programme: Programme) -> None:
    with rabbit.connection(programme.config) as broker:
        channel = broker.channel()
        for queue in ("certification.parked", "certification.filings"):
            assert channel.queue_declare(queue, passive=True).message_count == 0, queue
