"""What a bulletin says, by its rules alone; and that the desk makes each once, numbered, for ever."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from docx import Document
from python_calamine import CalamineWorkbook

from contract import regions
from contract.bulletins import (
    BulletinInvalid,
    BulletinNotReady,
    BulletinsNotAllowed,
    BulletinState,
    NothingMoved,
    SnapshotNotLocked,
)
from contract.words import WorkState
from plan import Plan
from runtime import mongo, record
from runtime.config import Config
from runtime.files import Files
from runtime.fonts import FontMissing
from services.targets.bulletins import job as jobs
from services.targets.bulletins import workbook as workbooks
from services.targets.bulletins.document import percent
from services.targets.bulletins.domain import Content, Line, Options
from services.targets.bulletins.items import Items
from services.targets.bulletins.job import Issuing
from services.targets.bulletins.ranking import named, ranked, rule_of
from services.targets.bulletins.steps import Attempt
from services.targets.bulletins.store import Bulletins, NumberTaken
from services.targets.service import Targets
from services.targets.snapshots.domain import Figure, Moved, everywhere
from tests.services.targets.builders import an_id
from tests.services.targets.bulletins.office import CITY, DISPATCHER, draft, issue, sign
from tests.services.targets.year import CLOSED_AT, Year


@pytest.fixture
def closed(year: Year) -> Callable[..., str]:
    """The id of a round that was closed and locked, with a little of everything reported."""

    def close(**said: Any) -> str:
        year.report("2.1", "130102", 7, problems="资金缺口 & 征地", next_steps="申请专项债")
        year.report("2.1", "130682", 2)
        year.report("16", "130102", None, state=WorkState.UNDER_WAY)
        round_id = year.close(**said)
        year.caught_up()
        assert year.locking.work() == 1
        return round_id

    return close


def figure(region: str, *, goal: int | None = 100, percent: str | None = None, **said: Any) -> Figure:
    told: dict[str, Any] = dict.fromkeys(Figure.__dataclass_fields__)
    told |= {"region": region, "target": goal and Decimal(goal), "pace": Decimal("50.00"), "evidence": 0}
    return Figure(**told | {"percent": percent and Decimal(percent), "value": Decimal(1)} | said)


def figures_of(plan: Plan, **percents: dict[str, str | None]) -> dict[str, tuple[Figure, ...]]:
    """By indicator (``i2_1``), each unit's percent; units that are not named have no goal."""
    found = {}
    for name, of in percents.items():
        found[name[1:].replace("_", ".")] = tuple(
            figure(code, goal=100 if code in of else None, percent=of.get(code)) for code in everywhere(plan)
        )
    return found


def test_units_are_ranked_by_their_mean_against_the_pace_and_nothing_is_capped(year: Year) -> None:
    figures = figures_of(
        year.plan, i2_1={"130100": "50.00", "130200": "25.00"}, i4_1={"130100": "300.00", "130200": "25.00"}
    )
    ranking = ranked(year.plan, figures, Options())
    assert [(one.region, one.place, one.score) for one in ranking[:2]] == [
        ("130100", 1, Decimal("350.00")),
        ("130200", 2, Decimal("50.00")),
    ]
    capped = ranked(year.plan, figures, Options(ceiling=Decimal(150)))
    assert capped[0].score == Decimal("125.00")
    assert "单项最高计150%" in rule_of(Options(ceiling=Decimal(150)))


def test_a_unit_that_nothing_was_allocated_to_has_no_place_and_equals_share_theirs(year: Year) -> None:
    figures = figures_of(year.plan, i2_1={"130100": "50.00", "130200": "50.00", "130300": "40.00"})
    ranking = ranked(year.plan, figures, Options())
    assert [one.place for one in ranking] == [1, 1, 3, *[None] * 11]
    assert len(ranking) == 14


def test_a_stock_is_ranked_by_its_increment(year: Year) -> None:
    figures = {
        "8.2": (figure("130100", percent="75.00", increment=Decimal("40.00")), figure("130200", percent="90.00")),
    }
    ranking = ranked(year.plan, figures, Options())
    assert [(one.region, one.score) for one in ranking if one.place] == [("130100", Decimal("80.00"))]


def test_only_who_is_on_the_pace_is_praised_and_only_who_is_behind_is_spurred(year: Year) -> None:
    of = {"130100": "60.00", "130200": "50.00", "130300": "49.99", "130400": "10.00", "130500": "20.00"}
    ranking = ranked(year.plan, figures_of(year.plan, i2_1=of), Options())
    assert [one.region for one in named(ranking, 3, leading=True)] == ["130100", "130200"]
    assert [one.region for one in named(ranking, 2, leading=False)] == ["130400", "130500"]


def test_an_adjusted_target_is_told_beside_the_original(year: Year) -> None:
    line = Line(
        *("4.2", 4, "工程", "对接路", "公里", 3, "=", "厅", Decimal(330), Decimal(750), Decimal("656.7")),
        *(Decimal("87.56"), Decimal("199.00"), Decimal("83.29"), Decimal("4.27"), "达序时", "绿"),
    )
    assert percent(line) == "199.00%，占调整后目标的87.56%"
    assert percent(replace(line, percent_of_original=None)) == "87.56%"


def test_a_bulletin_says_what_its_snapshot_says(year: Year, service: Targets, desk: Issuing, closed) -> None:
    round_id = closed(outstanding=[{"target_id": "2.1", "late": ["130102"], "missing": ["130632", "130682"]}])
    found = issue(service, desk, round_id=round_id)
    content = found["content"]
    assert (found["code"], found["number"], found["issued_on"]) == ("民生工程通报〔2023〕第1期", 1, "2023-11-09")
    assert found["title"] == "关于2023年10月民生工程进展情况的通报"
    assert (len(content["lines"]), len(content["states"]), len(content["ranking"])) == (37, 5, 14)
    line = next(one for one in content["lines"] if one["indicator"] == "2.1")
    assert (line["value"], line["percent"], line["comparator"]) == ("9", "0.50", "=")
    assert [(one["name"], one["late"], one["missing"]) for one in content["reporting"]] == [
        ("石家庄市", 1, 0),
        ("定州市", 0, 1),
        ("雄安新区", 0, 1),
    ], "雄安's counties are its own, wherever their digits point"
    assert [(one["region_name"], one["problems"]) for one in content["problems"]] == [
        ("石家庄市长安区", "资金缺口 & 征地")
    ]
    assert next(one for one in content["states"] if one["indicator"] == "16")["under_way"] == 1


def test_what_nothing_counts_is_neither_behind_nor_missed_in_a_bulletin(
    service: Targets, desk: Issuing, closed: Callable[..., str]
) -> None:
    content = issue(service, desk, round_id=closed())["content"]
    (line,) = [line for line in content["lines"] if line["indicator"] == "19.3"]
    assert line["status"] == "无法判断"
    assert line.keys().isdisjoint({"value", "percent", "deviation", "colour"})


def test_its_digest_is_of_what_it_says(service: Targets, desk: Issuing, closed) -> None:
    found = issue(service, desk, round_id=closed())
    told = {"code": found["code"], "content": found["content"]}
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == found["digest"]


def test_document_and_workbook_are_there_and_say_the_same(
    service: Targets, desk: Issuing, settings: Config, closed
) -> None:
    found = issue(service, desk, round_id=closed())
    kept = {name: service.bulletin_file(found["bulletin_id"], name, CITY) for name in ("document", "workbook")}
    docx, xlsx = (io.BytesIO(b"".join(Files(settings).read(kept[name]["file_id"]))) for name in kept)
    document = Document(docx)
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert found["code"] in text
    assert "资金缺口 & 征地" in text
    assert "{{" not in text
    assert "{%" not in text
    assert len(document.tables[0].rows) - 1 == 37
    assert sum(name.startswith("word/media/") for name in zipfile.ZipFile(docx).namelist()) == 1, "nobody is ranked"
    book = CalamineWorkbook.from_filelike(xlsx)
    assert book.sheet_names == ["量化指标", "定性任务", "各地得分", "逐项得分", "迟报未报", "存在问题", "说明"]
    rows = book.get_sheet_by_name("量化指标").to_python()
    assert next(row for row in rows if row[0] == "2.1")[8] == 9


def test_no_official_is_named(service: Targets, desk: Issuing, year: Year, closed) -> None:
    round_id = closed()
    content = str(issue(service, desk, round_id=round_id)["content"])
    assert "reporter" not in content
    assert "reviewer" not in content


def test_what_was_issued_does_not_change_whatever_is_told_later(
    year: Year, service: Targets, desk: Issuing, closed
) -> None:
    before = issue(service, desk, round_id=closed())
    year.report("2.1", "130102", 3)
    year.caught_up()
    desk.work()
    assert service.bulletin(before["bulletin_id"], CITY) == before


def test_a_correction_lists_what_moved_by_region_and_by_entry(
    year: Year, service: Targets, desk: Issuing, closed
) -> None:
    before = issue(service, desk, round_id=closed())
    with pytest.raises(NothingMoved):
        service.draft_bulletin({"corrects": before["bulletin_id"], "reason": "数据更正"}, DISPATCHER)
    year.report("2.1", "130102", 3)
    year.report("2.1", "130104", 5)
    year.report("2.1", "130104", 9, period="2023-11")  # of a later day: none of this bulletin's business
    year.caught_up()
    found = issue(service, desk, corrects=before["bulletin_id"], reason="督导核减")
    correction = found["content"]["correction"]
    assert (found["number"], found["corrects"], correction["code"]) == (2, before["bulletin_id"], before["code"])
    assert {(one["region"], one["reported"], one["known"]) for one in correction["moves"]} == {
        ("130000", "9", "10"),
        ("130100", "7", "8"),
        ("130102", "7", "3"),
        ("130104", "0", "5"),
    }
    assert [(one["region"], one["value"], one["service"]) for one in correction["entries"]] == [
        ("130102", "-4", "reports"),
        ("130104", "5", "reports"),
    ]
    assert correction["unexplained"] == []
    assert service.bulletin(before["bulletin_id"], CITY) == before
    document = Document(
        io.BytesIO(
            b"".join(Files(desk._config).read(service.bulletin_file(found["bulletin_id"], "document", CITY)["file_id"]))
        )
    )
    cells = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert cells[1] == ["2.1", "改造城镇老旧小区", "个", "9", "10", "+1"]


def test_a_move_that_no_entry_explains_is_named(year: Year, service: Targets, desk: Issuing, closed) -> None:
    """An event that had been parked and was told late has a seq that the snapshot says it contains."""
    before = issue(service, desk, round_id=closed())
    year.report("2.1", "130104", 5)
    year.store["entries"].update_one({"region": "130102"}, {"$set": {"value": 8}})
    year.caught_up()
    correction = issue(service, desk, corrects=before["bulletin_id"], reason="数据更正")["content"]["correction"]
    assert "改造城镇老旧小区（石家庄市长安区）" in correction["unexplained"]
    assert "改造城镇老旧小区（石家庄市桥西区）" not in correction["unexplained"]


def test_a_correction_is_not_corrected(year: Year, service: Targets, desk: Issuing, closed) -> None:
    before = issue(service, desk, round_id=closed())
    year.report("2.1", "130104", 5)
    year.caught_up()
    second = issue(service, desk, corrects=before["bulletin_id"], reason="数据更正")
    with pytest.raises(BulletinInvalid):
        service.draft_bulletin({"corrects": second["bulletin_id"], "reason": "数据更正"}, DISPATCHER)


@pytest.mark.parametrize("asked", [{}, {"round_id": "0" * 24, "snapshot_id": "0" * 24}, {"corrects": "0" * 24}])
def test_it_must_be_clear_what_it_is_made_from(service: Targets, asked: dict[str, Any]) -> None:
    with pytest.raises(BulletinInvalid):
        service.draft_bulletin(asked, DISPATCHER)


def test_an_open_round_has_no_bulletin_and_only_the_dispatcher_drafts(
    year: Year, service: Targets, desk: Issuing, closed
) -> None:
    with pytest.raises(SnapshotNotLocked):
        service.draft_bulletin({"round_id": an_id("open")}, DISPATCHER)
    round_id = closed()
    with pytest.raises(BulletinsNotAllowed):
        service.draft_bulletin({"round_id": round_id}, CITY)
    waiting = service.draft_bulletin({"round_id": round_id}, DISPATCHER)
    with pytest.raises(BulletinNotReady):
        service.bulletin_file(waiting["bulletin_id"], "document", DISPATCHER)


def test_without_a_chinese_font_it_fails_and_says_what_to_install(
    service: Targets, desk: Issuing, closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_id = closed()

    def missing() -> None:
        raise FontMissing("没有中文字体，请安装 fonts-wqy-microhei")

    waiting = service.draft_bulletin({"round_id": round_id}, DISPATCHER)
    with monkeypatch.context() as patch:
        patch.setattr("runtime.fonts.chinese", missing)
        desk.work()
    found = service.bulletin(waiting["bulletin_id"], DISPATCHER)
    assert (found["state"], found["number"]) == ("failed", None)
    assert "fonts-wqy-microhei" in found["failure"]
    assert issue(service, desk, round_id=round_id)["number"] == 1, "what failed takes no number"


def test_one_that_was_begun_and_not_finished_is_made_again_and_its_drafts_are_deleted(
    service: Targets, desk: Issuing, settings: Config, closed
) -> None:
    waiting = service.draft_bulletin({"round_id": closed()}, DISPATCHER)["bulletin_id"]
    begun = desk._bulletins.get(waiting)
    assert begun is not None
    desk._file(begun, 1, b"half of it", "xlsx", percent=90)  # and there it was killed
    assert service.bulletin(waiting, DISPATCHER)["percent"] == 90
    assert "expires_at" in (mongo.database(settings, "files")["files"].find_one({}) or {}), "if nobody came back"
    desk.work()
    assert service.bulletin(waiting, DISPATCHER)["state"] == BulletinState.DRAFT
    assert mongo.database(settings, "files")["files"].count_documents({}) == 2


def test_each_is_in_the_log_and_one_of_before_it_was_told_of_them_once_afterwards(
    service: Targets, desk: Issuing, settings: Config, closed
) -> None:
    found = issue(service, desk, round_id=closed())
    log = mongo.database(settings, "targets")["outbox"]
    (row,) = log.find({"event.type": "targets.bulletin_issued"})
    said = row["event"]["data"]
    assert (said["digest"], said["document_sha256"]) == (found["digest"], found["files"]["document"]["sha256"])
    assert desk._bulletins.say_earlier() == 0
    log.delete_one({"_id": row["_id"]})  # as a database of 0.2 has it
    assert (desk._bulletins.say_earlier(), desk._bulletins.say_earlier()) == (1, 0)
    (again,) = log.find({"event.type": "targets.bulletin_issued"})
    assert (again["event"]["data"], again["event"]["imprints"]) == (said, row["event"]["imprints"])


def test_a_content_reads_back_as_it_was_written(year: Year, service: Targets, desk: Issuing, closed) -> None:
    from runtime.record import document, of

    content = issue(service, desk, round_id=closed())["content"]
    assert document(of(Content, content)) == content


def entries_of(service: Targets, bulletin_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = service.bulletin_entries(bulletin_id, CITY, after=after, limit=1000)
        found += page["items"]
        after = page["next"]
        if after is None:
            return found


def files_of(settings: Config) -> int:
    return mongo.database(settings, "files")["files"].count_documents({"blocks": {"$exists": True}})


def test_a_correction_of_sixty_thousand_entries_is_issued_and_lists_each(
    year: Year, service: Targets, desk: Issuing, settings: Config, closed
) -> None:
    """More than fit into one document, as after the recall of a large roster."""
    before = issue(service, desk, round_id=closed())
    year.seq += 1
    (one,) = list(year.store["entries"].find({"indicator": "2.1", "region": "130102"}).limit(1))
    shared = {name: told for name, told in one.items() if name != "_id"} | {"value": 1, "seq": year.seq}
    year.store["entries"].insert_many(shared | {"subject": f"{n}"} for n in range(60_000))
    year.caught_up()
    found = issue(service, desk, corrects=before["bulletin_id"], reason="批量召回")
    correction = found["content"]["correction"]
    assert (correction["entries_count"], len(correction["entries"]), correction["unexplained"]) == (60_000, 300, [])
    entries = entries_of(service, found["bulletin_id"])
    lines = "".join(
        json.dumps(one, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" for one in entries
    )
    assert len({one["entry_id"] for one in entries}) == 60_000
    assert entries[:300] == correction["entries"]
    assert hashlib.sha256(lines.encode()).hexdigest() == correction["entries_digest"]
    kept = {name: service.bulletin_file(found["bulletin_id"], name, CITY) for name in ("document", "workbook")}
    docx, xlsx = (io.BytesIO(b"".join(Files(settings).read(kept[name]["file_id"]))) for name in kept)
    document = Document(docx)
    assert [len(table.rows) for table in document.tables if len(table.rows) > 100] == [301]
    assert "其余59700条见附件工作簿" in "\n".join(paragraph.text for paragraph in document.paragraphs)
    rows = CalamineWorkbook.from_filelike(xlsx).get_sheet_by_name("逐条依据").to_python()
    assert len(rows) == 60_003
    assert kept["document"]["size"] < 300_000


def test_a_sheet_that_is_full_goes_on_in_another(monkeypatch: pytest.MonkeyPatch, service, desk, year, closed) -> None:
    monkeypatch.setattr(workbooks, "_ROWS", 2)
    before = issue(service, desk, round_id=closed())
    for place, region in enumerate(("130104", "130105", "130107")):
        year.report("2.1", region, place + 1)
    year.caught_up()
    found = issue(service, desk, corrects=before["bulletin_id"], reason="漏报更正")
    kept = service.bulletin_file(found["bulletin_id"], "workbook", CITY)
    xlsx = io.BytesIO(b"".join(Files(desk._config).read(kept["file_id"])))
    book = CalamineWorkbook.from_filelike(xlsx)
    assert book.sheet_names == ["数据变动", "逐条依据", "逐条依据2", "说明"]
    assert [len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names[1:3]] == [5, 4]


def test_a_correction_of_before_still_lists_its_entries(year: Year, service: Targets, desk: Issuing, closed) -> None:
    """0.2 kept them all in the correction itself."""
    before = issue(service, desk, round_id=closed())
    year.report("2.1", "130104", 5)
    year.caught_up()
    found = issue(service, desk, corrects=before["bulletin_id"], reason="漏报更正")
    asked = {"_id": found["bulletin_id"]}
    new = dict.fromkeys(("content.correction.entries_count", "content.correction.entries_digest"), "")
    year.store["bulletin_contents"].update_one(asked, {"$unset": new})
    year.store["bulletins"].update_one(asked, {"$unset": {"items_id": ""}})
    assert entries_of(service, found["bulletin_id"]) == found["content"]["correction"]["entries"]
    assert record.of(Content, service.bulletin(found["bulletin_id"], CITY)["content"]).correction.counted_entries == 1
    assert entries_of(service, before["bulletin_id"]) == []


def test_a_bulletin_holds_some_problems_and_its_workbook_all(
    year: Year, service: Targets, desk: Issuing, settings: Config
) -> None:
    """A thousand characters of each county and indicator are more than one document holds."""
    counties = [one for one in everywhere(year.plan) if regions.get(one).is_county]
    for target_id in ("2.1", "3.1"):
        for place, region in enumerate(counties):
            year.report(target_id, region, place + 1, problems="资金缺口", next_steps=None)
    round_id = year.close()
    year.caught_up()
    year.locking.work()
    found = issue(service, desk, round_id=round_id)
    assert (len(found["content"]["problems"]), found["content"]["problems_count"]) == (300, 334)
    kept = service.bulletin_file(found["bulletin_id"], "workbook", CITY)
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(Files(settings).read(kept["file_id"]))))
    assert len(book.get_sheet_by_name("存在问题").to_python()) == 3 + 334


def test_a_desk_that_slept_through_its_lease_issues_nothing_and_what_the_next_issued_stays(
    service: Targets, desk: Issuing, settings: Config, year: Year, closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other issues both while this one is writing the first's workbook."""
    waiting = [draft(service, desk, round_id=closed()), draft(service, desk, round_id=closed(name="十一月", number=11))]
    for one in waiting:
        sign(service, one)
    second, made = Issuing(settings, year.plan), jobs.as_workbook

    def overtaken(*args: Any) -> bytes:
        monkeypatch.setattr(jobs, "as_workbook", made)
        assert second.work() == 0, "the first still has the lease"
        year.store["leases"].update_one({"_id": "desk"}, {"$set": {"until": CLOSED_AT}})
        assert second.work() == 2
        return made(*args)

    monkeypatch.setattr(jobs, "as_workbook", overtaken)
    desk.work()
    found = [service.bulletin(one, CITY) for one in waiting]
    assert [(one["state"], one["number"]) for one in found] == [("done", 1), ("done", 2)]
    for one in waiting:
        for name in ("document", "workbook"):
            kept = service.bulletin_file(one, name, CITY)
            assert sum(map(len, Files(settings).read(kept["file_id"]))) == kept["size"]
    assert files_of(settings) == 4, "what the first wrote is gone, and the drafts"
    rows = list(mongo.database(settings, "files")["files"].find())
    assert all("expires_at" not in row for row in rows), "what a bulletin names does not expire"
    assert year.store["bulletins"].find_one({"attempts.0": {"$exists": True}}) is None


def test_a_desk_deletes_nothing_that_a_later_one_wrote(
    service: Targets, desk: Issuing, settings: Config, closed
) -> None:
    bulletin_id = service.draft_bulletin({"round_id": closed()}, DISPATCHER)["bulletin_id"]
    bulletins, items = Bulletins(desk._store), Items(desk._store)
    stored = Files(settings).write(io.BytesIO(b"theirs"), filename="theirs", limit=10)
    bulletins.attempted(bulletin_id, Attempt(7, file_id=stored.file_id))
    bulletins.attempted(bulletin_id, Attempt(7, items_id="theirs"))
    items.write("theirs", [Moved("e", "2.1", "130102", "长安区", Decimal(1), CLOSED_AT.date(), "c", "f", "reports", 1)])
    bulletin = bulletins.get(bulletin_id)
    assert bulletin is not None
    desk._discard(bulletin, 6)
    assert (files_of(settings), len(list(items.read("theirs")))) == (1, 1)
    desk._discard(bulletin, 8)
    assert (files_of(settings), len(list(items.read("theirs")))) == (0, 0)
    assert desk._store["bulletins"].find_one({"_id": bulletin_id})["attempts"] == []


def test_a_number_is_the_next_one_or_none(
    service: Targets, desk: Issuing, year: Year, settings: Config, closed
) -> None:
    waiting = sign(service, draft(service, desk, round_id=closed()))
    bulletins = Bulletins(year.store)
    files = {
        name: Files(settings).write(io.BytesIO(name.encode()), filename=name, limit=99)
        for name in ("document", "workbook")
    }
    told = {
        "code": "x", "issued_on": CLOSED_AT.date(), "digest": "d", "content": {}, "files": files,
        "token": 1,
    }  # fmt: skip
    bulletin = bulletins.get(waiting)
    assert bulletin is not None
    for number in (0, 2):
        with pytest.raises(NumberTaken):
            mongo.transact(
                year.store, lambda session, number=number: bulletins.issue(session, bulletin, number=number, **told)
            )
    assert mongo.transact(year.store, lambda session: bulletins.issue(session, bulletin, number=1, **told))
    issued = bulletins.get(waiting)
    assert issued is not None
    assert (issued.number, issued.code, issued.digest) == (1, "x", "d")
    assert not mongo.transact(year.store, lambda session: bulletins.issue(session, bulletin, number=2, **told))


def test_entries_that_a_killed_desk_wrote_for_a_correction_are_deleted_by_the_next(
    service: Targets, desk: Issuing, settings: Config, year: Year, closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = issue(service, desk, round_id=closed())
    year.report("2.1", "130102", 9)
    year.caught_up()
    command = {"corrects": first["bulletin_id"], "reason": "督导核减"}
    correction = service.draft_bulletin(command, DISPATCHER)["bulletin_id"]

    class Killed(BaseException):
        pass

    def killed(*args: Any) -> bytes:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "as_workbook", killed)
        with pytest.raises(Killed):
            desk.work()
    year.store["leases"].update_one({"_id": "desk"}, {"$set": {"until": CLOSED_AT}})
    assert Issuing(settings, year.plan).work() == 1
    issued = year.store["bulletins"].find_one({"_id": correction})
    assert year.store["bulletin_entries"].distinct("_id.of") == [issued["items_id"]]
