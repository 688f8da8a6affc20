import datetime as dt
import hashlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plan
from contract import certification as certified
from contract.inspections import InspectionPlanned
from contract.message import Event, Said
from contract.targets import SampleDrawn, SampleNotFound
from contract.words import Role
from runtime import config
from runtime.config import Config
from runtime.mongo import database, transact
from services.targets.counting import Counting
from services.targets.rules import rules
from services.targets.samples.domain import Framed, digest, draw, proved, units
from services.targets.samples.job import Sampling
from services.targets.samples.store import Samples
from services.targets.service import Targets
from services.targets.store import Counts
from tests.services.targets.builders import a_person, a_said, an_id

SEED = "二〇二三年第一次"


def a_frame(size: int) -> list[Framed]:
    return [Framed(a_person(str(n)), an_id(str(n)), "130102", Decimal(1), dt.date(2023, 5, 1)) for n in range(size)]


@given(st.randoms(use_true_random=False), st.integers(1, 30), st.text("abc|", min_size=1, max_size=8))
def test_the_same_frame_and_seed_give_the_same_sample_in_whatever_order_it_is_read(
    random: Any, size: int, seed: str
) -> None:
    frame = a_frame(20)
    shuffled = random.sample(frame, len(frame))
    drawn = draw(shuffled, seed=seed, size=size)
    assert drawn == draw(frame, seed=seed, size=size)
    assert len(drawn.sample) == min(size, 20)
    assert set(drawn.sample) <= set(frame)


@given(st.integers(1, 20), st.integers(0, 19))
def test_anybody_can_draw_it_again_and_finds_out_what_was_changed(size: int, place: int) -> None:
    drawn = draw(a_frame(20), seed=SEED, size=size)
    lines = [unit.line for unit in drawn.frame]
    by_hand = sorted(lines, key=lambda line: hashlib.sha256(f"{SEED}|{line.rsplit('|', 2)[0]}".encode()).hexdigest())
    assert by_hand == lines
    told = {"seed": SEED, "size": size, "digest_told": drawn.digest, "sample_told": lines[:size]}
    assert proved(lines, **told)  # type: ignore[arg-type]
    doctored = [*lines[:place], lines[place].replace("|1", "|2"), *lines[place + 1 :]]
    assert not proved(doctored, **told)  # type: ignore[arg-type]
    assert not proved(lines, **(told | {"sample_told": [*lines[1:size], lines[-1]]}))  # type: ignore[arg-type]
    assert not proved(lines[::-1], **(told | {"digest_told": digest(lines[::-1])}))  # type: ignore[arg-type]


def test_a_sample_is_the_one_that_its_seed_always_drew() -> None:
    """Worked out with `openssl dgst -sha256` and `sort`, as docs for an inspector would have it."""
    day = dt.date(2023, 5, 1)
    amounts = {"e": Decimal("2.50")}
    frame = [Framed(f"person-{n}", f"fact-{n}", "130102", amounts.get(n, Decimal(1)), day) for n in "abcde"]
    drawn = draw(frame, seed="seed", size=2)
    assert [unit.line for unit in drawn.frame] == [
        "person-d|fact-d|130102|1",
        "person-e|fact-e|130102|2.5",
        "person-a|fact-a|130102|1",
        "person-b|fact-b|130102|1",
        "person-c|fact-c|130102|1",
    ]
    assert [unit.subject for unit in drawn.sample] == ["person-d", "person-e"]
    assert drawn.digest == "d9504a46c176d45a420f24a142335b6b8767ff5822558720767fded7933a41de"


def test_another_seed_gives_another_sample() -> None:
    frame = a_frame(200)
    assert draw(frame, seed="a", size=20).sample != draw(frame, seed="b", size=20).sample


def test_a_line_says_subject_fact_region_and_amount_without_needless_zeros() -> None:
    unit = Framed("4.1/130102", an_id("r"), "130102", Decimal("100.50"), dt.date(2023, 5, 31))
    assert unit.line == f"4.1/130102|{an_id('r')}|130102|100.5"
    assert Framed("a", "b", "130102", Decimal(100), dt.date(2023, 5, 31)).line == "a|b|130102|100"
    (told,) = units(draw([unit], seed=SEED, size=5), fact="report")
    assert (told["amount"], told["on"], told["fact"]) == ("100.5", "2023-05-31", "report")


@pytest.fixture
def settings(space: dict[str, str]) -> Config:
    return config.read(space)


@pytest.fixture
def service(settings: Config) -> Targets:
    found = Targets()
    found.settings = settings  # type: ignore[assignment]
    return found


@pytest.fixture
def counting(settings: Config) -> Counting:
    counts = Counts(database(settings, "targets"))
    counts.ensure_indexes()
    return Counting(counts, rules(plan.read(settings.plan_file)), "targets.counting.0")


READER = {
    "client_id": "dispatcher",
    "role": Role.DISPATCHER.value,
    "region": "130000",
    "organisation": "省发展改革委",
    "scopes": ["inspections:read", "certificates:read"],
}


def asked(size: int = 3, region: str = "130100", as_of: dt.date = dt.date(2023, 8, 1)) -> Said:
    envelope = InspectionPlanned.said(
        id=an_id("event"),
        subject="s",
        about="s",
        at=dt.datetime(2023, 8, 1, tzinfo=dt.UTC),
        inspection_id=an_id("inspection"),
        version=1,
        target_id="12.1",
        region=region,
        as_of=as_of,
        size=size,
        seed=SEED,
    )
    return Event.heard(envelope | {"seq": 1})


def log(settings: Config) -> list[Said]:
    return [Event.heard(row["event"]) for row in database(settings, "targets")["outbox"].find().sort("_id", 1)]


def count(counting: Counting, number: int, region: str = "130102", **said: Any) -> None:
    counting.handle([a_said(person=str(number), certificate=str(number), region=region, **said)])


def test_the_frame_is_what_counts_there_on_that_day_and_it_is_drawn_once(
    settings: Config, service: Targets, counting: Counting
) -> None:
    for number in range(6):
        count(counting, number)
    count(counting, 6, region="130202")
    count(counting, 7, issued_on=dt.date(2023, 8, 2))
    count(counting, 5, event=certified.CertificateRevoked, version=2, status="revoked")
    service.on_inspection_planned(asked())
    service.on_inspection_planned(asked())
    with pytest.raises(SampleNotFound):
        service.redraw(an_id("inspection"), READER)
    assert [Sampling(settings).work(), Sampling(settings).work()] == [1, 0]
    service.on_inspection_planned(asked())
    assert Sampling(settings).work() == 0, "told after it was drawn"
    (said,) = log(settings)
    assert said.event is SampleDrawn
    assert (said.data["frame_size"], len(said.data["units"])) == (5, 3)
    assert {unit["fact_id"] for unit in said.data["units"]} < {an_id(str(number)) for number in range(5)}
    assert {unit["fact"] for unit in said.data["units"]} == {"certificate"}


def test_the_kept_frame_proves_the_sample_and_a_changed_one_does_not(
    settings: Config, service: Targets, counting: Counting
) -> None:
    for number in range(6):
        count(counting, number)
    service.on_inspection_planned(asked())
    Sampling(settings).work()
    (said,) = log(settings)
    count(counting, 9)  # what is counted later does not matter
    again = service.redraw(an_id("inspection"), READER)
    assert again["proved"] is True
    assert (again["frame_digest"], again["seed"]) == (said.data["frame_digest"], SEED)
    assert [line.split("|")[1] for line in again["sample"]] == [unit["fact_id"] for unit in said.data["units"]]
    first = service.frame(an_id("inspection"), READER, limit=4)
    rest = service.frame(an_id("inspection"), READER, limit=4, after=first["next"])
    lines = [each["line"] for each in first["items"] + rest["items"]]
    assert (digest(lines), rest["next"]) == (said.data["frame_digest"], None)
    database(settings, "targets")["frames"].update_one({}, {"$set": {"lines.5": lines[5].replace("|1", "|2")}})
    assert service.redraw(an_id("inspection"), READER)["proved"] is False


def test_a_sample_is_shown_to_those_of_its_region_with_the_scope(
    settings: Config, service: Targets, counting: Counting
) -> None:
    service.on_inspection_planned(asked())
    Sampling(settings).work()
    assert service.redraw(an_id("inspection"), READER)["frame_size"] == 0, "of nothing, nothing is drawn"
    for stranger in (
        {"region": "130200"},
        {"scopes": ["targets:read"]},
        {"role": "reporter", "organisation": "省教育厅"},
        {"role": "reporter", "organisation": "长安区政府"},
        {"role": "federation"},
        {"scopes": ["inspections:read"]},
    ):
        for call in (service.redraw, service.frame):
            with pytest.raises(SampleNotFound):
                call(an_id("inspection"), READER | stranger)


def test_a_large_frame_is_kept_whole_in_its_order(settings: Config) -> None:
    samples = Samples(database(settings, "targets"))
    told = asked().data
    samples.want({**{name: told[name] for name in ("inspection_id", "region", "size", "seed")}, "target_id": "12.1"})
    drawn = draw(a_frame(12_000), seed=SEED, size=5)
    at = dt.datetime(2023, 8, 1, tzinfo=dt.UTC)
    assert transact(samples.store, lambda session: samples.write(session, told["inspection_id"], drawn, at=at))
    lines = [unit.line for unit in drawn.frame]
    assert list(samples.lines(told["inspection_id"])) == lines
    assert list(samples.lines(told["inspection_id"], after=9_999)) == lines[9_999:]
    assert list(samples.lines(told["inspection_id"], after=10_000)) == lines[10_000:]
