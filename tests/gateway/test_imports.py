"""Rosters through the door, with the worker that goes through them."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from werkzeug.test import TestResponse

from runtime import mongo
from runtime.config import Config
from tests.builders import a_certificate, a_roster, write_roster
from tests.gateway.callers import Caller, hanging
from tests.programme import Programme, until

URL = "/v1/certificate-imports"


@pytest.fixture(scope="module", autouse=True)
def importing(services: Programme) -> Iterator[None]:
    services.start("certification.imports")
    yield
    services.stop("certification.imports")


def upload(caller: Caller, path: Path, *, key: str | None = None, **form: str) -> TestResponse:
    # By hand: werkzeug's test client leaves a large body behind in an unclosed temporary file.
    parts = [
        f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form.items()
    ]
    parts.append(f'--limit\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n')
    return caller.post(
        URL,
        data="".join(parts).encode() + path.read_bytes() + b"\r\n--limit--\r\n",
        content_type="multipart/form-data; boundary=limit",
        headers={"Idempotency-Key": key} if key else {},
    )


def roster(folder: Path, seed: int, rows: int = 4, suffix: str = "xlsx") -> Path:
    people = [a_certificate(number, region="130102") for number in range(seed, seed + rows)]
    return write_roster(folder / f"花名册.{suffix}", people)


def finished(caller: Caller, address: str) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        job = caller.get(address).json
        return job if job["state"] in ("done", "failed", "recalled") else None

    return until(done, what=f"{address} is finished")


def files(settings: Config) -> int:
    return mongo.database(settings, "files")["files"].count_documents({})


def test_a_roster_is_taken_worked_through_and_given_back(centre: Caller, tmp_path: Path) -> None:
    taken = upload(centre, roster(tmp_path, 10_000, rows=5))
    assert taken.status_code == 202, taken.text
    assert taken.headers["Location"] == f"{URL}/{taken.json['import_id']}"
    job = finished(centre, taken.headers["Location"])
    assert (job["state"], job["created"], job["rejected"]) == ("done", 5, 0), job
    address = taken.headers["Location"]

    rows = centre.get(f"{address}/rows?limit=2").json
    assert [row["row"] for row in rows["items"]] == [2, 3]
    rest = centre.get(f"{address}/rows?limit=500&after={rows['next']}").json
    assert [row["row"] for row in rest["items"]] == [4, 5, 6]
    assert rest["next"] is None
    assert centre.get(f"{address}/rows?outcome=rejected").json["items"] == []
    assert centre.get(f"{address}/rows?outcome=maybe").status_code == 422

    result = centre.get(f"{address}/result.xlsx")
    assert result.status_code == 200, result.text
    assert result.headers["Cache-Control"] == "no-store"
    assert result.headers["Content-Disposition"] == (
        f'attachment; filename="certificate-import-{taken.json["import_id"]}.xlsx"'
    )
    assert len(result.data) == result.content_length
    assert len(CalamineWorkbook.from_filelike(io.BytesIO(result.data)).get_sheet_by_index(0).to_python()) == 6
    listed = centre.get(f"/v1/certificates?import_id={taken.json['import_id']}").json["items"]
    assert len(listed) == 5


def test_a_job_that_has_not_moved_is_not_sent_again(centre: Caller, tmp_path: Path) -> None:
    address = upload(centre, roster(tmp_path, 10_100)).headers["Location"]
    finished(centre, address)
    polled = centre.get(address)
    assert polled.headers["Cache-Control"] == "private, no-cache"
    assert centre.get(address, headers={"If-None-Match": polled.headers["ETag"]}).status_code == 304


def test_the_same_file_again_is_the_same_job_and_is_stored_once(
    centre: Caller, tmp_path: Path, settings: Config
) -> None:
    path = roster(tmp_path, 10_200, suffix="csv")
    first = upload(centre, path)
    finished(centre, first.headers["Location"])
    before = files(settings)
    second = upload(centre, path)
    assert (second.status_code, second.json["import_id"]) == (202, first.json["import_id"])
    assert files(settings) == before, "the second copy stayed in the store"


def test_the_same_key_gets_the_first_answer(centre: Caller, tmp_path: Path, settings: Config) -> None:
    path = roster(tmp_path, 10_300)
    first = upload(centre, path, key="roster-1")
    finished(centre, first.headers["Location"])
    before = files(settings)
    second = upload(centre, path, key="roster-1")
    assert second.json == first.json
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    other = upload(centre, roster(tmp_path, 10_400), key="roster-1")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    dry = upload(centre, path, key="roster-1", dry_run="true")
    assert dry.json["code"] == "idempotency_key_reused"
    assert files(settings) == before, "copies that nobody needs stayed in the store"


def test_a_dry_run_records_nothing(centre: Caller, tmp_path: Path) -> None:
    taken = upload(centre, roster(tmp_path, 10_500), dry_run="true")
    job = finished(centre, taken.headers["Location"])
    assert (job["dry_run"], job["created"]) == (True, 4)
    listed = centre.get(f"/v1/certificates?import_id={job['import_id']}").json["items"]
    assert listed == []


def test_only_who_may_import_may(inspector: Caller, province: Caller, tmp_path: Path, settings: Config) -> None:
    before = files(settings)
    for caller in (inspector, province):
        refused = upload(caller, roster(tmp_path, 10_600))
        assert (refused.status_code, refused.json["code"]) == (403, "scope_missing")
    assert files(settings) == before


def test_a_job_is_seen_by_its_centre_and_by_whom_its_region_reports_to(
    centre: Caller, other_centre: Caller, city: Caller, partner: Caller, tmp_path: Path
) -> None:
    address = upload(centre, roster(tmp_path, 10_700)).headers["Location"]
    finished(centre, address)
    for path in (address, f"{address}/rows", f"{address}/result.xlsx"):
        assert other_centre.get(path).json["code"] == "import_not_found"
        assert partner.get(path).status_code == 403
    assert city.get(address).status_code == 200
    assert city.get(f"{address}/rows").status_code == 200
    assert city.get(f"{address}/result.xlsx").status_code == 403, "it shows people in full"


def test_a_whole_import_is_recalled(centre: Caller, city: Caller, tmp_path: Path) -> None:
    taken = upload(centre, roster(tmp_path, 10_800))
    address = taken.headers["Location"]
    finished(centre, address)
    assert city.post(f"{address}/recall", json={}).json["errors"][0]["pointer"] == "/reason"
    headers = {"Idempotency-Key": "recall-1"}
    recalled = centre.post(f"{address}/recall", json={"reason": "报错了批次"}, headers=headers)
    assert (recalled.status_code, recalled.headers["Location"]) == (202, address)
    assert centre.post(f"{address}/recall", json={"reason": "报错了批次"}, headers=headers).json == recalled.json
    job = finished(centre, address)
    assert (job["state"], job["recalled"]) == ("recalled", 4)
    listed = centre.get(f"/v1/certificates?import_id={taken.json['import_id']}").json["items"]
    assert {certificate["status"] for certificate in listed} == {"revoked"}


def test_a_file_that_is_no_roster_fails_as_a_job_with_a_reason(centre: Caller, tmp_path: Path) -> None:
    path = tmp_path / "zeros.xlsx"
    path.write_bytes(bytes(200_000))
    taken = upload(centre, path)
    assert taken.status_code in (202, 422), taken.text
    if taken.status_code == 202:
        job = finished(centre, taken.headers["Location"])
        assert job["state"] == "failed"
        assert job["failure"]
        assert job["failure_en"]


def test_thirty_megabytes_are_refused_and_nothing_is_kept(centre: Caller, tmp_path: Path, settings: Config) -> None:
    before = files(settings)
    path = tmp_path / "zeros.xlsx"
    path.write_bytes(bytes(30 * 2**20))
    refused = upload(centre, path)
    assert (refused.status_code, refused.json["code"]) == (413, "body_too_large")
    assert refused.json["limit_bytes"] == 25 * 2**20
    assert files(settings) == before


def test_a_job_that_does_not_exist_is_not_there(centre: Caller) -> None:
    for path in ("", "/rows", "/result.xlsx"):
        assert centre.get(f"{URL}/{'0' * 24}{path}").json["code"] == "import_not_found"
    assert centre.get(f"{URL}/1").json["code"] == "path_not_found"


def test_a_roster_over_all_regions_is_refused_row_by_row(centre: Caller, tmp_path: Path) -> None:
    path = write_roster(tmp_path / "all.csv", a_roster(30, seed=11_000))
    job = finished(centre, upload(centre, path).headers["Location"])
    assert job["rejected"] > 0, "a centre recorded people of regions that are not its own"
    rows = centre.get(f"{URL}/{job['import_id']}/rows?outcome=rejected&limit=500").json["items"]
    assert len(rows) == job["rejected"]
    assert all(row["reason"] and row["reason_en"] and row["field"] for row in rows)


def test_what_was_refused_only_for_now_is_granted_later_under_the_same_key(centre: Caller, tmp_path: Path) -> None:
    key = {"Idempotency-Key": "recall it"}
    with hanging("certification.imports"):
        address = upload(centre, roster(tmp_path, 19_000)).headers["Location"]
        early = centre.post(f"{address}/recall", json={"reason": "名册有误，整批撤回"}, headers=key)
        assert (early.status_code, early.json["code"]) == (409, "import_not_finished")
        assert int(early.headers["Retry-After"]) >= 1
    finished(centre, address)
    again = centre.post(f"{address}/recall", json={"reason": "名册有误，整批撤回"}, headers=key)
    assert again.status_code == 202, again.text
    assert "Idempotent-Replayed" not in again.headers
