"""What a bulletin says, by its rules alone; and that the desk makes each once, numbered, for ever."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from docx import Document
from python_calamine import CalamineWorkbook

from contract.bulletins import (
    BulletinInvalid,
    BulletinNotReady,
    BulletinsNotAllowed,
    BulletinState,
    NothingMoved,
    SnapshotNotLocked,
)
from contract.words import WorkState
from deploy import fonts
from plan import Plan
from runtime import config, mongo
from runtime.config import Config
from runtime.files import Files
from runtime.fonts import FontMissing
from services.targets.bulletins.document import percent
from services.targets.bulletins.domain import Content, Line, Options
from services.targets.bulletins.job import Issuing
from services.targets.bulletins.ranking import named, ranked, rule_of
from services.targets.service import Targets
from services.targets.snapshots.domain import Figure, everywhere
from tests.services.targets.builders import an_id
from tests.services.targets.year import Year

DISPATCHER = {
    "client_id": "dispatcher",
    "role": "dispatcher",
    "region": "130000",
    "organisation": "dispatcher",
    "scopes": ["targets:read", "bulletins:write"],
}
CITY = {**DISPATCHER, "role": "reporter", "region": "130100", "scopes": ["targets:read"]}


@pytest.fixture(scope="session", autouse=True)
def chinese_font() -> None:
    fonts.ensure()


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def year(settings: Config) -> Year:
    return Year(settings)


@pytest.fixture
def desk(settings: Config, year: Year) -> Issuing:
    return Issuing(settings, year.plan)


@pytest.fixture
def service(settings: Config) -> Targets:
    found = Targets()
    found.settings = settings  # type: ignore[assignment]
    found.set_time("2023-11-09T09:00:00+08:00")
    return found


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


def issue(service: Targets, desk: Issuing, **asked: Any) -> dict[str, Any]:
    bulletin_id = service.issue_bulletin(asked, DISPATCHER)["bulletin_id"]
    desk.work()
    found = service.bulletin(bulletin_id, CITY)
    assert (found["state"], found["percent"]) == ("done", 100), found["failure"]
    return found


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


def test_its_digest_is_of_what_it_says(service: Targets, desk: Issuing, closed) -> None:
    import hashlib
    import json

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


def test_numbers_are_consecutive_and_what_is_told_again_is_the_same_bulletin(
    service: Targets, desk: Issuing, closed
) -> None:
    round_id = closed()
    first = service.issue_bulletin({"round_id": round_id, "command_id": "1"}, DISPATCHER)
    assert service.issue_bulletin({"round_id": round_id, "command_id": "1"}, DISPATCHER) == first
    service.issue_bulletin({"round_id": round_id, "title": "关于进展的补充通报"}, DISPATCHER)
    desk.work()
    assert sorted((one["number"], one["title"][:4]) for one in service.bulletins(CITY)["items"]) == [
        (1, "关于20"),
        (2, "关于进展"),
    ]


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
        service.issue_bulletin({"corrects": before["bulletin_id"], "reason": "数据更正"}, DISPATCHER)
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
        service.issue_bulletin({"corrects": second["bulletin_id"], "reason": "数据更正"}, DISPATCHER)


@pytest.mark.parametrize("asked", [{}, {"round_id": "0" * 24, "snapshot_id": "0" * 24}, {"corrects": "0" * 24}])
def test_it_must_be_clear_what_it_is_made_from(service: Targets, asked: dict[str, Any]) -> None:
    with pytest.raises(BulletinInvalid):
        service.issue_bulletin(asked, DISPATCHER)


def test_an_open_round_has_no_bulletin_and_only_the_dispatcher_issues(
    year: Year, service: Targets, desk: Issuing, closed
) -> None:
    with pytest.raises(SnapshotNotLocked):
        service.issue_bulletin({"round_id": an_id("open")}, DISPATCHER)
    round_id = closed()
    with pytest.raises(BulletinsNotAllowed):
        service.issue_bulletin({"round_id": round_id}, CITY)
    waiting = service.issue_bulletin({"round_id": round_id}, DISPATCHER)
    with pytest.raises(BulletinNotReady):
        service.bulletin_file(waiting["bulletin_id"], "document", CITY)


def test_without_a_chinese_font_it_fails_and_says_what_to_install(
    service: Targets, desk: Issuing, closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_id = closed()

    def missing() -> None:
        raise FontMissing("没有中文字体，请安装 fonts-wqy-microhei")

    waiting = service.issue_bulletin({"round_id": round_id}, DISPATCHER)
    with monkeypatch.context() as patch:
        patch.setattr("runtime.fonts.chinese", missing)
        desk.work()
    found = service.bulletin(waiting["bulletin_id"], CITY)
    assert (found["state"], found["number"]) == ("failed", None)
    assert "fonts-wqy-microhei" in found["failure"]
    assert issue(service, desk, round_id=round_id)["number"] == 1, "what failed takes no number"


def test_one_that_was_begun_and_not_finished_is_made_again_and_its_drafts_are_deleted(
    service: Targets, desk: Issuing, settings: Config, closed
) -> None:
    waiting = service.issue_bulletin({"round_id": closed()}, DISPATCHER)["bulletin_id"]
    (begun,) = desk._bulletins.waiting()
    desk._file(begun, desk._content(begun), 1, "workbook")  # and there it was killed
    assert service.bulletin(waiting, CITY)["percent"] == 90
    desk.work()
    assert service.bulletin(waiting, CITY)["state"] == BulletinState.DONE
    assert mongo.database(settings, "files")["files"].count_documents({}) == 2


def test_two_desks_never_give_one_number_twice(service: Targets, desk: Issuing, settings: Config, closed) -> None:
    """The other desk issues while this one is drawing its charts."""
    round_id = closed()
    for title in ("第一份通报", "第二份通报"):
        service.issue_bulletin({"round_id": round_id, "title": title}, DISPATCHER)
    first, second = desk._bulletins.waiting()
    other = Issuing(settings, desk._plan)
    drawn = desk._file

    def interrupted(*args: Any) -> Any:
        if args[0].bulletin_id == first.bulletin_id and other._bulletins.get(second.bulletin_id).number is None:
            other._make(second)
        return drawn(*args)

    desk._file = interrupted  # type: ignore[method-assign]
    desk._make(first)
    numbers = {one["title"]: (one["number"], one["code"]) for one in service.bulletins(CITY)["items"]}
    assert numbers == {
        "第二份通报": (1, "民生工程通报〔2023〕第1期"),
        "第一份通报": (2, "民生工程通报〔2023〕第2期"),
    }


def test_a_content_reads_back_as_it_was_written(year: Year, service: Targets, desk: Issuing, closed) -> None:
    from runtime.record import document, of

    content = issue(service, desk, round_id=closed())["content"]
    assert document(of(Content, content)) == content
