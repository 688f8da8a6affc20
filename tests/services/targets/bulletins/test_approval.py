"""From draft to issue: by three persons, one of a round, and numbered only at its end."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from docx import Document
from python_calamine import CalamineWorkbook

from contract.bulletins import (
    BulletinAlreadyThere,
    BulletinChanged,
    BulletinInvalid,
    BulletinNeedsAnother,
    BulletinNotFound,
    BulletinNotReady,
    BulletinsNotAllowed,
    BulletinStepNotOpen,
)
from runtime import mongo
from runtime.config import Config
from runtime.files import Files
from services.targets.bulletins import job as jobs
from services.targets.bulletins.job import Issuing
from services.targets.bulletins.store import Bulletins
from services.targets.service import Targets
from tests.interleaved import commits, interleaved, writes
from tests.services.targets.builders import an_id
from tests.services.targets.bulletins.office import CITY, DISPATCHER, REVIEWER, SIGNER, draft, issue, sign
from tests.services.targets.year import CLOSED_AT, Year


@pytest.fixture
def locked(year: Year) -> Callable[..., str]:
    """The id of a round that was closed and locked."""

    def lock(name: str = "十月", **said: Any) -> str:
        year.report("2.1", "130102", 7)
        round_id = year.close(name, **said)
        year.caught_up()
        assert year.locking.work() == 1
        return round_id

    return lock


def passed(service: Targets, bulletin_id: str, who: dict[str, Any] = REVIEWER, **said: Any) -> dict[str, Any]:
    found: dict[str, Any] = service.review_bulletin({"bulletin_id": bulletin_id, "decision": "pass", **said}, who)
    return found


def returned(service: Targets, bulletin_id: str, who: dict[str, Any] = REVIEWER) -> dict[str, Any]:
    said = {"bulletin_id": bulletin_id, "decision": "return", "remarks": "标题请规范"}
    found: dict[str, Any] = service.review_bulletin(said, who)
    return found


def files_of(settings: Config) -> int:
    return mongo.database(settings, "files")["files"].count_documents({"blocks": {"$exists": True}})


def read(service: Targets, settings: Config, bulletin_id: str, name: str) -> io.BytesIO:
    stored = service.bulletin_file(bulletin_id, name, DISPATCHER)
    return io.BytesIO(b"".join(Files(settings).read(stored["file_id"])))


def test_a_bulletin_is_drafted_reviewed_and_signed_by_three_and_only_then_numbered(
    service: Targets, desk: Issuing, settings: Config, locked
) -> None:
    bulletin_id = draft(service, desk, round_id=locked())
    drafted = service.bulletin(bulletin_id, DISPATCHER)
    assert (drafted["number"], drafted["code"], drafted["digest"], drafted["issued_on"]) == (None,) * 4
    with pytest.raises(BulletinNeedsAnother):
        passed(service, bulletin_id, DISPATCHER)
    with pytest.raises(BulletinStepNotOpen):
        service.issue_bulletin({"bulletin_id": bulletin_id}, SIGNER)
    passed(service, bulletin_id, remarks="数据与台账一致")
    for who in (DISPATCHER, REVIEWER):
        with pytest.raises(BulletinNeedsAnother):
            service.issue_bulletin({"bulletin_id": bulletin_id}, who)
    assert service.issue_bulletin({"bulletin_id": bulletin_id}, SIGNER)["number"] is None
    with pytest.raises(BulletinNotReady):
        service.discard_bulletin({"bulletin_id": bulletin_id, "reason": "不再印发"}, DISPATCHER)
    desk.work()
    found = service.bulletin(bulletin_id, DISPATCHER)
    assert (found["state"], found["number"], found["issued_on"]) == ("done", 1, "2023-11-09")
    assert [(one["action"], one["by"], one["reason"]) for one in found["steps"]] == [
        ("draft", "dispatcher", None),
        ("pass", "dispatcher-2", "数据与台账一致"),
        ("issue", "dispatcher-3", None),
    ]
    assert found["content"] | {"heads": [], "issued_on": ""} == drafted["content"] | {"heads": [], "issued_on": ""}
    (log,) = mongo.database(settings, "targets")["outbox"].find({"event.type": "targets.bulletin_issued"})
    persons = {name: log["event"]["data"][name] for name in ("drafted_by", "reviewed_by", "issued_by")}
    assert persons == {"drafted_by": "dispatcher", "reviewed_by": "dispatcher-2", "issued_by": "dispatcher-3"}
    for act in (
        lambda: returned(service, bulletin_id),
        lambda: service.revise_bulletin({"bulletin_id": bulletin_id}, DISPATCHER),
        lambda: service.issue_bulletin({"bulletin_id": bulletin_id}, SIGNER),
        lambda: service.discard_bulletin({"bulletin_id": bulletin_id, "reason": "不再印发"}, DISPATCHER),
    ):
        with pytest.raises(BulletinStepNotOpen):
            act()


def test_what_is_not_issued_is_marked_as_a_draft_and_for_dispatchers_alone(
    service: Targets, desk: Issuing, settings: Config, locked
) -> None:
    bulletin_id = draft(service, desk, round_id=locked())
    for number in (None, 1):
        document = Document(read(service, settings, bulletin_id, "document"))
        headers = [one.text for section in document.sections for one in section.header.paragraphs]
        text = "\n".join(paragraph.text for paragraph in document.paragraphs)
        book = CalamineWorkbook.from_filelike(read(service, settings, bulletin_id, "workbook"))
        under = [str(book.get_sheet_by_name(name).to_python()[1][0]) for name in book.sheet_names[:-1]]
        if number is None:
            assert all("草稿" in one for one in [*headers, *under])
            assert "第1期" not in text
            for asked in (
                lambda: service.bulletin(bulletin_id, CITY),
                lambda: service.bulletin_file(bulletin_id, "document", CITY),
                lambda: service.bulletin_entries(bulletin_id, CITY),
            ):
                with pytest.raises(BulletinNotFound):
                    asked()
            assert service.bulletins(CITY)["items"] == []
            assert len(service.bulletins(DISPATCHER)["items"]) == 1
            sign(service, bulletin_id)
            desk.work()
        else:
            assert not any("草稿" in one for one in [*headers, *under, text])
            assert "第1期" in text
    seen = service.bulletin(bulletin_id, CITY)
    assert (seen["asked_by"], seen["reviewed_by"], seen["issued_by"], seen["steps"]) == (None, None, None, [])
    assert len(service.bulletins(CITY)["items"]) == 1
    assert files_of(settings) == 2, "the draft's are gone"


def test_a_returned_draft_is_revised_by_its_drafter_and_reviewed_anew(
    service: Targets, desk: Issuing, settings: Config, locked
) -> None:
    bulletin_id = draft(service, desk, round_id=locked())
    with pytest.raises(BulletinInvalid):
        service.review_bulletin({"bulletin_id": bulletin_id, "decision": "return"}, REVIEWER)
    passed(service, bulletin_id)
    assert returned(service, bulletin_id, SIGNER)["state"] == "returned", "whoever is to sign it may return it"
    with pytest.raises(BulletinStepNotOpen):
        passed(service, bulletin_id)
    revision = {"bulletin_id": bulletin_id, "title": "关于十月进展的通报", "options": {"leaders": 1}}
    with pytest.raises(BulletinsNotAllowed):
        service.revise_bulletin(revision, REVIEWER)
    version = service.bulletin(bulletin_id, DISPATCHER)["version"]
    assert service.revise_bulletin(revision, DISPATCHER)["files"] is None
    with pytest.raises(BulletinChanged):
        service.discard_bulletin(
            {"bulletin_id": bulletin_id, "reason": "另行起草", "expected_version": version}, DISPATCHER
        )
    desk.work()
    assert files_of(settings) == 2, "those of the first are gone"
    with pytest.raises(BulletinStepNotOpen):
        service.issue_bulletin({"bulletin_id": bulletin_id}, SIGNER)
    sign(service, bulletin_id)
    desk.work()
    found = service.bulletin(bulletin_id, DISPATCHER)
    assert (found["title"], found["content"]["title"], found["content"]["options"]["leaders"]) == (
        *["关于十月进展的通报"] * 2,
        1,
    )
    assert [one["action"] for one in found["steps"]] == ["draft", "pass", "return", "revise", "pass", "issue"]


def test_a_discarded_draft_takes_no_number_and_makes_room_for_another(
    service: Targets, desk: Issuing, settings: Config, locked
) -> None:
    round_id = locked()
    asked = {"round_id": round_id, "command_id": "1"}
    first = draft(service, desk, **asked)
    assert service.draft_bulletin(asked, DISPATCHER)["bulletin_id"] == first, "the same command again"
    with pytest.raises(BulletinAlreadyThere) as refused:
        service.draft_bulletin({"round_id": round_id, "title": "关于进展的补充通报"}, DISPATCHER)
    assert refused.value.facts == {"bulletin_id": first}
    found = service.discard_bulletin({"bulletin_id": first, "reason": "期别选错"}, REVIEWER)
    assert (found["state"], found["steps"][-1]["reason"]) == ("discarded", "期别选错")
    desk.work()
    assert files_of(settings) == 0
    with pytest.raises(BulletinNotReady):
        service.bulletin_file(first, "document", DISPATCHER)
    assert issue(service, desk, round_id=round_id)["number"] == 1
    with pytest.raises(BulletinAlreadyThere):
        service.draft_bulletin({"round_id": round_id}, DISPATCHER)


def test_a_correction_goes_the_same_way_and_one_at_a_time(year: Year, service: Targets, desk: Issuing, locked) -> None:
    before = issue(service, desk, round_id=locked())["bulletin_id"]
    year.report("2.1", "130104", 5)
    year.caught_up()
    asked = {"corrects": before, "reason": "漏报更正"}
    correction = draft(service, desk, **asked)
    assert [one["value"] for one in service.bulletin_entries(correction, DISPATCHER)["items"]] == ["5"]
    with pytest.raises(BulletinAlreadyThere):
        service.draft_bulletin(asked, DISPATCHER)
    sign(service, correction)
    desk.work()
    assert service.bulletin(correction, CITY)["number"] == 2
    assert issue(service, desk, **asked)["number"] == 3, "what moved later is for another one"


@pytest.mark.parametrize("point", [writes, commits])
def test_of_two_who_draft_at_once_one_does(service: Targets, desk: Issuing, year: Year, locked, point) -> None:
    round_id = locked()
    service.bulletins(DISPATCHER)
    year.store["bulletins"].insert_one({"_id": "x"})  # a collection that is made meanwhile would part them
    year.store["bulletins"].delete_one({"_id": "x"})
    calls = [
        lambda who=who: service.draft_bulletin({"round_id": round_id, "command_id": who["client_id"]}, who)
        for who in (DISPATCHER, REVIEWER)
    ]
    year.store.create_collection("commands")
    first, second = interleaved(*calls, at=point)
    refused = [one for one in (first, second) if isinstance(one, Exception)]
    assert [type(one) for one in refused] == [BulletinAlreadyThere]
    assert year.store["bulletins"].count_documents({}) == 1


@pytest.mark.parametrize("point", [writes, commits])
@pytest.mark.parametrize("held", ["signs", "returns"])
def test_what_is_returned_while_it_is_signed_is_one_or_the_other(
    service: Targets, desk: Issuing, year: Year, locked, held, point
) -> None:
    bulletin_id = draft(service, desk, round_id=locked())
    passed(service, bulletin_id, command_id="pass")
    signs = lambda: service.issue_bulletin({"bulletin_id": bulletin_id, "command_id": "sign"}, SIGNER)  # noqa: E731
    returns = lambda: returned(service, bulletin_id)  # noqa: E731
    outcomes = interleaved(*((signs, returns) if held == "signs" else (returns, signs)), at=point)
    (refused,) = [one for one in outcomes if isinstance(one, Exception)]
    found = service.bulletin(bulletin_id, DISPATCHER)
    (last,) = [one for one in outcomes if not isinstance(one, Exception)]
    assert (last["state"], last["version"]) == (found["state"], found["version"])
    assert isinstance(refused, BulletinStepNotOpen if found["state"] == "returned" else BulletinNotReady)
    desk.work()
    assert year.store["bulletins"].count_documents({"number": 1}) == (found["state"] == "issuing")


def test_one_that_is_discarded_while_it_is_composed_stays_so_and_leaves_no_files(
    service: Targets, desk: Issuing, settings: Config, locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_id, made = locked(), jobs.as_workbook
    bulletin_id = service.draft_bulletin({"round_id": round_id}, DISPATCHER)["bulletin_id"]

    def discarded(*args: Any) -> bytes:
        service.discard_bulletin({"bulletin_id": bulletin_id, "reason": "期别选错"}, DISPATCHER)
        return made(*args)

    monkeypatch.setattr(jobs, "as_workbook", discarded)
    desk.work()
    assert service.bulletin(bulletin_id, DISPATCHER)["state"] == "discarded"
    assert files_of(settings) == 0


def test_what_0_2_issued_is_read_and_stands_and_what_it_had_waiting_is_drafted(
    service: Targets, desk: Issuing, year: Year, locked
) -> None:
    """0.2 knew no steps, no versions and no draft, and issued as many of a round as it was asked for."""
    rounds = [locked(), locked("十一月", number=11)]
    issued = issue(service, desk, round_id=rounds[0])["bulletin_id"]
    new = dict.fromkeys(("version", "standing", "steps"), "")
    year.store["bulletins"].update_one({"_id": issued}, {"$unset": new})
    (row,) = year.store["bulletins"].find({"_id": issued})
    done = ("number", "code", "issued_on", "digest", "document", "workbook")
    waiting = {name: value for name, value in row.items() if name not in done} | {"state": "queued", "percent": 0}
    for name, round_id in (("again", rounds[0]), ("first", rounds[1]), ("second", rounds[1])):
        year.store["bulletins"].insert_one(waiting | {"_id": an_id(name), "round_id": round_id})
    year.store["bulletins"].drop_indexes()
    year.store["bulletins"].create_index("state", name="waiting")
    Bulletins(year.store).ensure_indexes()
    year.store["leases"].update_one({"_id": "desk"}, {"$set": {"until": CLOSED_AT}})
    Issuing(desk._config, year.plan).work()
    found = service.bulletin(issued, CITY)
    assert (found["state"], found["number"], found["version"], found["steps"]) == ("done", 1, 1, [])
    states = {name: service.bulletin(an_id(name), DISPATCHER)["state"] for name in ("again", "first", "second")}
    assert states == {"again": "failed", "first": "draft", "second": "failed"} or states == {
        "again": "failed",
        "first": "failed",
        "second": "draft",
    }
    with pytest.raises(BulletinAlreadyThere):
        service.draft_bulletin({"round_id": rounds[0]}, DISPATCHER)
