"""Every published number is the provable, reversible, replayable consequence of single certificates."""

from collections import Counter
from collections.abc import Iterator

import pytest

from runtime import mongo
from tests import builders
from tests.journeys.centre import ACTOR, BUREAU, DISPATCHER, Centre, a_real_roster, newly_certified
from tests.journeys.commands import run
from tests.programme import Programme, until
from tests.services.reports.builders import hand_in


@pytest.fixture(scope="module")
def centre(programme: Programme, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    ours = Centre(programme, tmp_path_factory.mktemp("rosters"))
    job = ours.hand_in(a_real_roster(600, seed=1))
    ours.finished(job)
    programme.settle()
    yield ours
    ours.rpc.close()


def test_the_audit_and_the_replay_agree_with_what_is_published(centre: Centre) -> None:
    assert centre.value() == len(newly_certified(a_real_roster(600, seed=1)))
    audit = run("audit")
    assert audit.returncode == 0, audit.stdout
    replay = run("services.targets.replay")
    assert replay.returncode == 0, replay.stdout + replay.stderr
    assert "一致" in replay.stdout


def test_the_entries_are_the_proof_of_the_number(centre: Centre) -> None:
    persons: Counter[str] = Counter()
    after = None
    while True:
        page = centre.rpc.call("targets", "entries", "12.1", DISPATCHER, after=after, limit=200)
        for entry in page["items"]:
            persons[entry["subject"]] += int(entry["value"])
        after = page["next"]
        if after is None:
            break
    assert set(persons.values()) == {0, 1}, "a person counts once, or an earlier certificate took them out again"
    assert persons.total() == centre.value()


def test_a_number_typed_over_is_named_by_the_audit_and_mended_by_a_replay(programme: Programme, centre: Centre) -> None:
    right = centre.value("130102")
    rollups = mongo.database(programme.config, "targets")["rollups"]
    rollups.update_one({"region": "130102"}, {"$inc": {"total": 5}})
    assert centre.value("130102") == right + 5
    audit = run("audit")
    assert audit.returncode == 1
    assert f"长安区（130102）合计：公布 {right + 5}，应为 {right}" in audit.stdout
    replay = run("services.targets.replay")
    assert replay.returncode == 1
    assert f"130102 total：现行 {right + 5}，重放 {right}" in replay.stdout
    assert centre.value("130102") == right
    assert run("audit").returncode == 0


def test_a_standing_that_was_moved_by_hand_is_named_and_put_back_only_when_somebody_accepts_it(
    programme: Programme, centre: Centre
) -> None:
    standings = mongo.database(programme.config, "targets")["standings"]
    one = standings.find_one({"counted.0": {"$exists": True}})
    assert one is not None
    standings.update_one({"_id": one["_id"]}, {"$set": {"counted.0.region": "130202"}})
    audit = run("audit")
    assert audit.returncode == 1
    assert one["_id"].partition(":")[2] in audit.stdout
    assert run("services.targets.replay").returncode == 1
    assert run("audit").returncode == 1, "nobody accepted the difference yet"
    assert run("services.targets.replay", "--accept").returncode == 1
    assert run("audit").returncode == 0


def test_an_entry_without_a_certificate_is_undone_by_another_entry_and_never_deleted(
    programme: Programme, centre: Centre
) -> None:
    entries = mongo.database(programme.config, "targets")["entries"]
    one = entries.find_one({"value": 1})
    assert one is not None
    forged = {name: value for name, value in one.items() if name != "_id"} | {"subject": "f" * 32}
    entries.insert_one(forged)
    audit = run("audit")
    assert audit.returncode == 1
    assert "f" * 32 in audit.stdout
    assert run("services.targets.replay", "--accept").returncode == 1
    steps = list(entries.find({"subject": "f" * 32}).sort("_id", 1))
    assert [(step["value"], step["cause"]) for step in steps] == [(1, one["cause"]), (-1, "targets.figures_mended")]
    assert run("audit").returncode == 0


def test_a_log_that_was_changed_afterwards_is_found(programme: Programme, centre: Centre) -> None:
    outbox = mongo.database(programme.config, "certification")["outbox"]
    row = outbox.find_one({"seq": 10})
    assert row is not None
    outbox.update_one({"seq": 10}, {"$set": {"event.data.issued_on": "2022-01-01"}})
    audit = run("audit")
    outbox.replace_one({"_id": row["_id"]}, row)
    assert audit.returncode == 1
    assert "seq 10" in audit.stdout


def test_one_certificates_whole_life_is_told_by_the_count(programme: Programme, centre: Centre) -> None:
    body = builders.a_certificate(5_000_000, region="130224")
    number = body["certificate_number"]
    paper = hand_in(programme.config)
    before = centre.value("130224")

    def counted(more: int) -> None:
        until(lambda: centre.value("130224") == before + more, seconds=20, what=f"the count stands at {more} more")

    centre.certification("issue_certificate", body, ACTOR)
    counted(1)
    centre.certification(
        "revoke_certificate", {"certificate_number": number, "reason": "评价机构撤销", "evidence": [paper]}, BUREAU
    )
    counted(0)
    centre.certification(
        "reinstate_certificate", {"certificate_number": number, "reason": "申诉成立", "evidence": [paper]}, BUREAU
    )
    counted(1)
    other = builders.a_person(5_000_001)
    correction = {
        "certificate_number": number,
        "reason": "身份证号录入有误",
        "evidence": [paper],
        "document_number": other.document_number,
        "holder_name": other.name,
    }
    centre.certification("correct_certificate", correction, BUREAU)
    programme.settle()
    counted(1)


def test_a_recalled_roster_takes_its_people_out_of_the_count(programme: Programme, centre: Centre) -> None:
    before = centre.value()
    roster = a_real_roster(200, seed=7_000_000)
    job = centre.hand_in(roster, name="recalled.csv")
    centre.finished(job)
    programme.settle()
    assert centre.value() == before + len(newly_certified(roster))
    centre.certification("recall_import", {"import_id": job, "reason": "培训机构报送错误"}, ACTOR)
    until(lambda: centre.job(job)["state"] == "recalled", what="the roster is recalled")
    programme.settle()
    assert centre.value() == before
    audit = run("audit")
    assert audit.returncode == 0, audit.stdout


def test_the_same_file_again_is_the_same_import(centre: Centre) -> None:
    roster = a_real_roster(600, seed=1)
    before = centre.value()
    assert centre.hand_in(roster, name="again.csv") == centre.hand_in(roster, name="and_again.csv")
    assert centre.value() == before


def test_a_dry_run_tells_everything_and_changes_nothing(programme: Programme, centre: Centre) -> None:
    before = centre.value()
    job = centre.finished(centre.hand_in(a_real_roster(100, seed=8_000_000), name="dry.csv", dry_run=True))
    assert (job["created"], job["dry_run"]) == (100, True)
    programme.settle()
    assert centre.value() == before
