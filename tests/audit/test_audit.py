"""What somebody who owns a database would do, and that the audit names it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from audit import logs, projections
from audit.__main__ import audit, main
from audit.books import number
from audit.logs import AnchorUnreadable
from contract.message import shard_of
from contract.subscriptions import COUNTING_QUEUES
from runtime.files import Files
from tests.audit.conftest import Remembered, remember
from tests.audit.world import BUREAU, World


def test_a_played_province_is_proved(world: World, books: Remembered, capsys: pytest.CaptureFixture[str]) -> None:
    assert books.faults() == []
    assert audit(world.settings) == 0
    assert "对账相符" in capsys.readouterr().out


def test_a_pair_of_entries_that_cancel_out_is_missed(books: Remembered) -> None:
    entries = books.of("targets", "entries")
    taken_back = next(row for row in entries if row["cause"] == "certification.certificate_revoked")
    kept = [row for row in entries if (row["subject"], row["indicator"]) != _of(taken_back)]
    assert sum(row["value"] for row in entries if _of(row) == _of(taken_back)) == 0
    faults = books.altered(targets_entries=kept).faults()
    assert [fault for fault in faults if "缺少分录" in fault and taken_back["subject"] in fault], faults


def test_only_the_order_between_two_queues_is_free(books: Remembered) -> None:
    """Of who a certificate was first, two queues told: its issue, and the correction by which it became another's.
    Had the correction come first, nobody would ever have counted by it."""
    (moved,) = [
        row["event"]["data"]
        for row in books.of("certification", "outbox")
        if row["event"]["type"] == "certification.certificate_corrected"
    ]
    before, after = moved["previous_person_key"], moved["person_key"]
    kept = [row for row in books.of("targets", "entries") if row["subject"] != before]
    assert len(kept) < len(books.of("targets", "entries"))
    faults = [fault for fault in books.altered(targets_entries=kept).faults() if "缺少分录" in fault]
    one_queue = shard_of(before) % COUNTING_QUEUES == shard_of(after) % COUNTING_QUEUES
    assert bool(faults) == one_queue


def test_a_log_whose_end_is_cut_off_and_whose_head_is_put_back_is_named(books: Remembered) -> None:
    rows = sorted(books.of("certification", "outbox"), key=lambda row: row["seq"])
    head = {"_id": "head", "seq": rows[-2]["seq"], "hash": rows[-2]["hash"], "published": rows[-2]["seq"], "token": 1}
    faults = books.altered(certification_outbox=rows[:-1], certification_relay=[head]).faults()
    assert [fault for fault in faults if "末尾被截去" in fault and "targets.sources" in fault]
    assert [fault for fault in faults if "targets.bulletin_contents" in fault]


@pytest.mark.parametrize("field", ["target", "percent", "colour", "value"])
def test_a_snapshot_that_is_altered_with_its_digest_everywhere_is_named(books: Remembered, field: str) -> None:
    rows, heads = books.of("targets", "snapshot_rows"), books.of("targets", "snapshots")
    rounds, contents = books.of("reports", "rounds"), books.of("targets", "bulletin_contents")
    row = next(row for row in rows if row["indicator"] == "2.1")
    row["figures"][0][field] = "1.00"
    rows.sort(key=lambda row: row["place"])
    digest = _digest(heads[0], rows)
    (locked,) = [round for round in rounds if "snapshot" in round]
    heads[0]["digest"] = locked["snapshot"]["digest"] = digest
    for content in contents:
        content["content"]["snapshot_digest"] = digest
    faults = books.altered(
        targets_snapshot_rows=rows,
        targets_snapshots=heads,
        reports_rounds=rounds,
        targets_bulletin_contents=contents,
    ).faults()
    assert [fault for fault in faults if "与锁定时的摘要" in fault]
    assert [fault for fault in faults if f"{field} 为 1.00" in fault], "and the cell itself is counted and judged again"


def test_who_accepts_what_they_filed_is_named_though_every_record_agrees(books: Remembered) -> None:
    """Line, step and event all say that one person did both."""
    lines, versions = books.of("reports", "lines"), books.of("reports", "versions")
    line = next(one for one in lines if "accepted" in one)
    for step in versions:
        if step["report_id"] == line["_id"] and step["event"] == "accepted":
            step["by"] = line["accepted"]["by"]
    line["review"]["by"] = line["accepted"]["by"]
    outbox = books.of("reports", "outbox")
    for row in outbox:
        if row["event"]["data"].get("report_id") == line["_id"] and row["event"]["type"] == "reports.report_accepted":
            row["event"]["data"]["reviewed_by"] = row["event"]["data"]["filed_by"]
    faults = books.altered(reports_lines=lines, reports_versions=versions, reports_outbox=outbox).faults()
    assert f"reports.lines {line['_id']}：审定数没有第二人的审核记录" in faults
    assert [fault for fault in faults if "自行审定" in fault]


def test_an_objection_that_nobody_admitted_and_an_award_in_spite_of_one_are_named(books: Remembered) -> None:
    cases = books.of("housekeeping", "cases")
    disputed = next(case for case in cases if case["objections"])
    refused, admitted = disputed["objections"]
    step = next(each for each in disputed["history"] if each["transition"] == "admit_objection")
    step |= {"transition": "refuse_objection", "by": "fulian-130000"}
    again = next(each for each in disputed["history"] if each["transition"] == "refuse_objection")
    disputed["history"].append({**again, "transition": "dismiss_objection"})
    disputed["award_id"] = "0" * 24
    faults = books.altered(housekeeping_cases=cases).faults()
    name = f"housekeeping.cases {disputed['_id']}：异议 "
    assert {
        f"{name}{admitted['objection_id']} 未经受理即启动核查",
        f"{name}{admitted['objection_id']} 未决（open）即已认定",
        f"{name}{refused['objection_id']} 由决定不予受理的人再次办理",
    } <= {*faults}


def test_what_one_person_did_of_an_award_is_named(books: Remembered) -> None:
    """The city's own word for its award, and a change whose proposer confirmed it."""
    recognitions, awards = books.of("housekeeping", "recognitions"), books.of("housekeeping", "awards")
    confirmed = next(one for one in recognitions if one["state"] == "confirmed")
    confirmed["history"][-1]["by"] = confirmed["history"][0]["by"]
    changed = next(one for one in awards if any(step["what"] == "change_proposed" for step in one["history"]))
    steps = changed["history"]
    proposed = next(place for place, step in enumerate(steps) if step["what"] == "change_proposed")
    steps[proposed + 1]["by"] = steps[proposed]["by"]
    faults = books.altered(housekeeping_recognitions=recognitions, housekeeping_awards=awards).faults()
    assert f"housekeeping.awards {confirmed['award_id']}：市级认定由报告单位自行确认" in faults
    assert f"housekeeping.awards {changed['_id']}：第 {proposed + 2} 步由提出人自行确认" in faults
    nothing = books.altered(housekeeping_recognitions=[]).faults()
    assert f"housekeeping.awards {confirmed['award_id']}：没有经省级确认的市级认定报告" in nothing


def test_an_award_counts_on_no_day_before_it_was_made(books: Remembered) -> None:
    """As the logs are counted: a change that says that it took effect before is of the day of the award."""
    awards = books.of("housekeeping", "awards")
    for award in awards:
        award["history"][0]["effective_on"] = "2023-01-01"
    assert awards
    assert not [fault for fault in books.altered(housekeeping_awards=awards).faults() if "应计" in fault]


@pytest.mark.parametrize("changed", [{"reviewed_by": "dispatcher"}, {"issued_by": "dispatcher-2"}, {"issued_by": None}])
def test_a_bulletin_that_was_not_issued_by_three_is_named(books: Remembered, changed: dict[str, str | None]) -> None:
    outbox = books.of("targets", "outbox")
    rows = [row for row in outbox if row["event"]["type"] == "targets.bulletin_issued"]
    assert not [fault for fault in books.faults() if "不是三人" in fault]
    data = rows[-1]["event"]["data"]
    data |= changed
    for name in [name for name, value in data.items() if value is None]:
        del data[name]
    assert [fault for fault in books.altered(targets_outbox=outbox).faults() if "不是三人" in fault] == [
        f"targets.bulletins {data['bulletin_id']}：起草、核稿、签发不是三人"
    ]


def test_what_nobody_accepted_is_named(books: Remembered) -> None:
    lines = [one for one in books.of("reports", "lines") if "accepted" in one]
    steps = [step for step in books.of("reports", "versions") if step["event"] != "accepted"]
    faults = books.altered(reports_versions=steps).faults()
    assert {f"reports.lines {line['_id']}：审定数没有第二人的审核记录" for line in lines} <= {*faults}


def test_a_printed_bulletin_shows_what_all_databases_together_hide(world: World, tmp_path: Path) -> None:
    """All of it is put back to an earlier moment, in every database and consistently: only paper knows better."""
    before = remember(world.settings)
    certificate = next(row for row in before.of("certification", "certificates") if row["status"] == "valid")
    revoked = {"certificate_number": certificate["numbers"][0], "reason": "评价机构撤销"}
    revoked["evidence"] = [world.hand_in("核查报告")]
    world.call("certification", "revoke_certificate", revoked, BUREAU)
    world.flow()
    first = min(before.of("targets", "bulletins"), key=lambda row: row["number"])
    issued = world.publish(corrects=first["_id"], reason="证书撤销后更正")
    after = remember(world.settings)
    assert after.faults() == []
    for name, ending in (("document", "docx"), ("workbook", "xlsx")):
        file = next(row for row in after.of("targets", "bulletins") if row["_id"] == issued)[name]
        path = tmp_path / f"bulletin.{ending}"
        path.write_bytes(b"".join(Files(world.settings).read(file["file_id"])))
        printed = logs.printed_in(path)
        assert {anchor.service for anchor in printed} == {*_with_a_log(after)}
        assert after.faults(printed) == []
        assert before.faults() == []
        faults = before.faults(printed)
        assert [fault for fault in faults if f"bulletin.{ending}" in fault and "certification" in fault], faults
        assert main(["--heads", str(path)]) == 0


def test_a_head_is_taken_on_the_command_line(
    world: World, books: Remembered, capsys: pytest.CaptureFixture[str]
) -> None:
    row = next(row for row in books.of("reports", "outbox") if row["seq"] == 5)
    assert main(["--anchor", f"reports:5:{row['hash'][:16]}"]) == 0
    assert main(["--anchor", "reports:5:0123456789abcdef"]) == 1
    assert "--anchor：载有 reports:5:0123456789abcdef" in capsys.readouterr().out
    assert main(["--anchor", "reports:99999:0123456789abcdef"]) == 1
    assert main(["--anchor", "reports 5"]) == 2
    assert "certification:1416:" in capsys.readouterr().err


def test_what_is_no_bulletin_is_refused(tmp_path: Path) -> None:
    for name, octets in (("a.docx", b"no zip"), ("b.txt", b"\xff"), ("c.txt", b"nothing")):
        (tmp_path / name).write_bytes(octets)
        with pytest.raises(AnchorUnreadable):
            logs.printed_in(tmp_path / name)
    with pytest.raises(AnchorUnreadable):
        logs.printed_in(tmp_path / "missing.txt")


def test_a_line_that_was_filed_once_has_nothing_earlier_and_what_nobody_filed_is_named(books: Remembered) -> None:
    remarks, outbox = books.of("targets", "remarks"), books.of("reports", "outbox")
    remark = next(row for row in remarks if row.get("earlier"))
    first = next(iter(remark["earlier"].values()))[0]
    filed = next(row for row in outbox if row.get("seq") == first["seq"])
    last = max(row["seq"] for row in outbox)
    event = filed["event"]
    once = {**filed, "seq": last + 1, "event": {**event, "data": {**event["data"], "period": "2099-12"}}}
    remark["lines"]["2099-12"] = {**first, "seq": last + 1}
    assert [*projections.remark_faults(books.altered(targets_remarks=remarks, reports_outbox=[*outbox, once]))] == []
    remark["earlier"]["2099-11"] = [first]
    faults = [*projections.remark_faults(books.altered(targets_remarks=remarks, reports_outbox=[*outbox, once]))]
    assert faults == [f"targets.remarks {remark['_id']}：earlier 与日志不一致"]


def test_a_standing_that_counts_otherwise_is_named_with_what_it_counts_and_what_it_should(books: Remembered) -> None:
    standings = books.of("targets", "standings")
    counting = next(row for row in standings if len(row["counted"]) == 1 and row["counted"][0]["until"] is None)
    (step,) = counting["counted"]
    counting["counted"] = []
    faults = [fault for fault in books.altered(targets_standings=standings).faults() if "计数依据" in fault]
    should = f"{step['region']} {step['on']} {number(step.get('amount', 1)):+f}"
    assert faults == [f"targets.standings {counting['_id']}：计数依据为 不计，应为 {should}"]


def test_an_audit_that_gives_up_says_what_kept_changing(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However short the time, it looks more than once before that."""
    looks = iter(range(100))
    monkeypatch.setattr("audit.__main__._LONGEST", 0.0)
    monkeypatch.setattr("audit.__main__._BETWEEN", 0.0)
    monkeypatch.setattr("audit.__main__._checked", lambda _work: ([], [f"第 {next(looks)} 次所见"]))
    assert audit(world.settings) == 2
    assert "第 3 次所见" in capsys.readouterr().err


def test_what_cannot_be_read_at_all_is_named(books: Remembered) -> None:
    lines = books.of("reports", "lines")
    del lines[0]["period"]
    lines[1]["accepted"]["content"]["cumulative"] = "many"
    faults = books.altered(reports_lines=lines).faults()
    assert [fault for fault in faults if f"reports.lines {lines[0]['_id']}：记录残缺" in fault], faults


def _with_a_log(books: Remembered) -> set[str]:
    return {service for service, collection in books.collections if collection == "outbox"}


def _digest(head: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """As whoever alters a snapshot would make it anew: from what is documented."""
    told = {
        "round_id": head["round_id"],
        "as_of": head["as_of"],
        "sources": head["sources"],
        "rows": [{"indicator": row["indicator"], "figures": row["figures"]} for row in rows],
    }
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _of(row: dict[str, Any]) -> tuple[str, str]:
    return row["subject"], row["indicator"]
