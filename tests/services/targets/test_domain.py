import datetime as dt
from dataclasses import replace
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from services.targets.domain import Entry, Fact, Rule, Standing, told
from tests.services.targets.builders import RULE, a_cause, a_fact, an_id

IN_2022, IN_MAY, IN_JULY = dt.date(2022, 12, 31), dt.date(2023, 5, 1), dt.date(2023, 7, 1)


def after(*facts: Fact, rule: Rule = RULE) -> tuple[Standing, list[Entry]]:
    standing, entries = Standing("person"), []
    for seq, fact in enumerate(facts, 1):
        standing, steps = told(rule, standing, fact, cause=a_cause(seq))
        entries += steps
    return standing, entries


def count(*facts: Fact, rule: Rule = RULE) -> int:
    return sum(entry.value for entry in after(*facts, rule=rule)[1])


def test_a_certificate_counts_once_even_if_told_twice() -> None:
    assert count(a_fact(), a_fact()) == 1


def test_two_certificates_are_one_person() -> None:
    assert count(a_fact("one"), a_fact("two", grade="3", on=IN_JULY)) == 1


def test_a_revoked_certificate_takes_the_person_out_and_reinstating_brings_them_back() -> None:
    issued, revoked = a_fact(), a_fact(version=2, status="revoked")
    assert count(issued, revoked) == 0
    assert count(issued, revoked, a_fact(version=3)) == 1


def test_a_still_valid_second_certificate_of_the_year_keeps_the_person() -> None:
    standing, entries = after(
        a_fact("one", region="130102"),
        a_fact("two", on=IN_JULY, region="130202"),
        a_fact("one", version=2, status="revoked"),
    )
    assert [(entry.value, entry.region) for entry in entries] == [(1, "130102"), (-1, "130102"), (1, "130202")]
    assert [time.on for time in standing.counted] == [IN_JULY]


def test_a_certificate_from_before_the_year_keeps_the_person_out_however_late_it_is_told() -> None:
    earlier, this_year = a_fact("old", on=IN_2022), a_fact("new")
    assert count(earlier, this_year) == 0
    assert count(this_year, earlier) == 0


def test_an_earlier_certificate_that_was_revoked_or_never_reviewed_keeps_nobody_out() -> None:
    assert count(a_fact("old", on=IN_2022, status="revoked"), a_fact("new")) == 1
    assert count(a_fact("old", on=IN_2022, status="needs_review"), a_fact("new")) == 1


def test_that_an_earlier_certificate_excludes_is_an_option() -> None:
    lenient = replace(RULE, earlier_excludes=False)
    assert count(a_fact("old", on=IN_2022), a_fact("new"), rule=lenient) == 1
    assert count(a_fact("old", on=IN_2022), rule=lenient) == 0, "and yet it is none of the year"


def test_what_needs_review_is_never_counted_before_its_review() -> None:
    assert count(a_fact(status="needs_review")) == 0
    assert count(a_fact(status="needs_review"), a_fact(version=2, verification="核验通过")) == 1


def test_levels_and_verification_outcomes_can_be_left_out_by_option() -> None:
    assert count(a_fact(grade="5"), rule=replace(RULE, grades=frozenset({"4", "3"}))) == 0
    strict = replace(RULE, refused_verifications=frozenset({"不一致"}))
    assert count(a_fact(), a_fact(version=2, verification="不一致"), rule=strict) == 0
    assert count(a_fact(), a_fact(version=2, verification="未查到"), rule=strict) == 1


def test_another_occupation_is_not_this_indicator() -> None:
    assert count(a_fact(kind="育婴员")) == 0


def test_a_correction_that_changes_nothing_countable_leaves_no_entry() -> None:
    _, entries = after(a_fact(), a_fact(version=2, grade="4"))
    assert [entry.value for entry in entries] == [1]


def test_a_corrected_region_or_day_moves_the_person_by_two_entries() -> None:
    _, entries = after(a_fact(), a_fact(version=2, region="130202", on=IN_JULY))
    assert [(entry.value, entry.region, entry.effective_on) for entry in entries] == [
        (1, "130102", IN_MAY),
        (-1, "130102", IN_MAY),
        (1, "130202", IN_JULY),
    ]


def test_a_certificate_found_to_be_another_persons_leaves_the_first() -> None:
    assert count(a_fact(), a_fact(version=2, held=False)) == 0


def test_late_news_changes_nothing_that_a_newer_version_settled() -> None:
    standing, _ = after(a_fact(version=3, status="revoked"))
    again, entries = told(RULE, standing, a_fact(version=2), cause=a_cause(9))
    assert again is standing
    assert entries == []


def test_a_standing_changes_its_revision_exactly_when_it_changes() -> None:
    standing, _ = after(a_fact(), a_fact(), a_fact(version=2, grade="4"))
    assert standing.rev == 2


facts = st.builds(
    a_fact,
    certificate=st.sampled_from(["one", "two", "three"]),
    version=st.integers(1, 4),
    on=st.sampled_from([IN_2022, IN_MAY, IN_JULY, dt.date(2024, 1, 1)]),
    region=st.sampled_from(["130102", "130202"]),
    status=st.sampled_from(["valid", "valid", "revoked", "needs_review"]),
    held=st.sampled_from([True, True, True, False]),
)


def as_promised(told_facts: list[Fact]) -> tuple[str, dt.date] | None:
    """Where and since when a person counts, in the plan's words: who holds a valid certificate of the year and had none
    before, by the first of them. Written for this test, by nothing that counts."""
    newest = [
        fact
        for fact in told_facts
        if not any(other.fact_id == fact.fact_id and other.version > fact.version for other in told_facts)
    ]
    valid = sorted((fact for fact in newest if fact.status == "valid" and fact.held), key=lambda f: (f.on, f.fact_id))
    if not valid or valid[0].on < dt.date(2023, 1, 1):
        return None
    of_the_year = [fact for fact in valid if fact.on <= dt.date(2023, 12, 31)]
    return (of_the_year[0].region, of_the_year[0].on) if of_the_year else None


def one_per_version(told_facts: list[Fact]) -> list[Fact]:
    return list({(fact.fact_id, fact.version): fact for fact in told_facts}.values())


@given(st.lists(facts, max_size=8).map(one_per_version), st.randoms(use_true_random=False))
def test_any_order_with_any_repetition_counts_a_person_as_promised(said: list[Fact], random) -> None:
    promised = as_promised(said)
    delivered = said + random.choices(said, k=len(said)) if said else []
    random.shuffle(delivered)
    standing, entries = after(*delivered)
    assert [(time.region, time.on, time.until) for time in standing.counted] == (
        [(*promised, None)] if promised else []
    )
    by_place: dict[tuple[str, dt.date], int] = {}
    for entry in entries:
        place = (entry.region, entry.effective_on)
        by_place[place] = by_place.get(place, 0) + entry.value
    assert {place: value for place, value in by_place.items() if value} == ({promised: 1} if promised else {})


def test_the_first_certificate_wins_a_tie_of_days_the_same_way_in_every_order() -> None:
    same_day = [a_fact("one"), a_fact("two", region="130202"), a_fact("three", region="130302")]
    assert len({after(*order)[0].counted for order in permutations(same_day)}) == 1
    first = min(an_id(name) for name in ("one", "two", "three"))
    assert [time.fact_id for time in after(*same_day)[0].counted] == [first]
