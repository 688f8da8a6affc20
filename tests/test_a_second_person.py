"""Nothing counts by one person's word: of each event that moves a count, what it rests on and who the second person is.

The events are the contract's own: one that is counted and has no entry here fails. Each entry names the test that tries
one person, or one organisation, for both."""

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

from contract import targets
from contract.message import Event
from contract.subscriptions import SUBSCRIPTIONS

TESTS = Path(__file__).parent


@dataclass(frozen=True)
class Cause:
    """``by``: the command, or what else brings the event about. ``tried_by``: file::name under tests/."""

    by: str
    evidence: str
    second_person: str
    tried_by: str


_CERTIFICATION = "services/certification/test_service.py"
_HOUSEKEEPING = "services/housekeeping"
_INSPECTIONS = "services/inspections"

_POSTED = (
    "the number, whose first 13 characters the body that assessed has filed, and the sealed content; "
    "what no body has filed waits for a review (decision 36)"
)
_FILED = "the province's civil affairs, which alone files a body's numbers; nobody of a centre does"
_ORDERED = Cause(
    by="OrderWithdrawal",
    evidence="the finding's files, handed in and bound to it",
    second_person="another inspector than the one who recorded the finding",
    tried_by=f"{_INSPECTIONS}/withdrawals/test_domain.py::test_who_recorded_a_finding_does_not_have_the_unit_withdrawn",
)
_LIFTED = Cause(
    by="LiftWithdrawal",
    evidence="the mending's files, and a re-check that was passed",
    second_person="who re-checked, never who reported the mending",
    tried_by=f"{_INSPECTIONS}/findings/test_domain.py::test_who_reported_the_mending_does_not_recheck_it",
)
_AWARDED = Cause(
    by="MoveApplication (award)",
    evidence="the rubric's files, and a public notice that was not objected to",
    second_person="county, city, two reviewers and the province, none of whom took an earlier step or applied",
    tried_by=f"{_HOUSEKEEPING}/cases/test_steps.py::test_who_took_an_earlier_step_may_not_take_the_next_office_s",
)
_CHANGED = Cause(
    by="ChangeAward, SettleAward",
    evidence="files handed in and bound to the award",
    second_person="another clerk of the province than who proposed it; of a city's award, never the city",
    tried_by=f"{_HOUSEKEEPING}/awards/test_service.py"
    "::test_what_moves_an_award_s_standing_takes_effect_when_a_second_person_of_the_province_confirms_it",
)
_REPORTED = Cause(
    by="FileReport, ImportReports, DecideReport",
    evidence="files handed in, as many as the rules ask for",
    second_person="a reviewer, never who filed it; a correction and a baseline are filings like any other",
    tried_by="services/reports/test_filing.py::test_nobody_reviews_their_own_and_a_decision_is_made_once",
)

CAUSES: dict[str, tuple[Cause, ...]] = {
    "certificate_issued": (
        Cause(
            by="IssueCertificate, StartImport",
            evidence=_POSTED,
            second_person=_FILED,
            tried_by="services/certification/filings/test_job.py"
            "::test_what_a_body_has_not_filed_does_not_count_whoever_posts_it_until_the_filing_is_there",
        ),
    ),
    "certificate_corrected": (
        Cause(
            by="CorrectCertificate",
            evidence=f"{_POSTED}; of a bureau, files handed in and bound to the certificate",
            second_person=f"{_FILED}; what was verified of other facts is no longer verified",
            tried_by=f"{_CERTIFICATION}::test_whoever_else_revokes_or_reinstates_brings_evidence_that_was_handed_in",
        ),
        Cause(
            by="FileAssessor",
            evidence="the filing, whose numbers what waited for it has",
            second_person="the province's civil affairs, never who posted the certificates",
            tried_by="services/training/test_service.py::test_only_the_province_keeps_centres_and_filings",
        ),
    ),
    "certificate_revoked": (
        Cause(
            by="RevokeCertificate, RecallImport",
            evidence="files handed in and bound to the certificate; of a centre, which takes back its own, a reason",
            second_person="a bureau, which issues none; or the centre's own word is withdrawn with its own word",
            tried_by=f"{_CERTIFICATION}::test_who_may_see_a_certificate_may_not_always_change_it",
        ),
        _ORDERED,
    ),
    "certificate_reinstated": (
        Cause(
            by="ReinstateCertificate",
            evidence="files handed in and bound to the certificate",
            second_person="a bureau, never a centre",
            tried_by=f"{_CERTIFICATION}::test_who_may_see_a_certificate_may_not_always_change_it",
        ),
        _LIFTED,
    ),
    "certificate_verified": (
        Cause(
            by="VerifyCertificate",
            evidence="the national query's answer; of a number that cannot be checked, with a reason",
            second_person="a bureau, never a centre",
            tried_by=f"{_CERTIFICATION}::test_what_needs_review_is_accepted_by_a_bureau_with_a_reason",
        ),
    ),
    "award_granted": (
        _AWARDED,
        Cause(
            by="RecogniseByCity, DecideRecognition",
            evidence="the city's decision, handed in and bound to the recognition",
            second_person="the province, never the client or the organisation that reported it",
            tried_by=f"{_HOUSEKEEPING}/recognitions/test_service.py"
            "::test_nobody_confirms_but_a_second_person_of_the_province",
        ),
    ),
    "award_raised": (_AWARDED,),
    "award_renewed": (_AWARDED,),
    "award_lowered": (_CHANGED,),
    "award_suspended": (_CHANGED,),
    "award_resumed": (_CHANGED,),
    "award_revoked": (_CHANGED, _ORDERED),
    "award_lapsed": (
        Cause(
            by="the clock",
            evidence="the award's own last day",
            second_person="nobody: no person's step",
            tried_by=f"{_HOUSEKEEPING}/test_clock.py::test_an_award_lapses_at_its_day_by_the_clock_and_says_so",
        ),
    ),
    "award_reinstated": (_LIFTED,),
    "report_filed": (_REPORTED,),
    "report_returned": (_REPORTED,),
    "report_rejected": (_REPORTED,),
    "report_accepted": (_REPORTED,),
    "units_deducted": (_ORDERED,),
    "units_restored": (_LIFTED,),
    "figures_mended": (
        Cause(
            by="make replay ARGS=--accept",
            evidence="the events of the logs themselves, counted anew",
            second_person="nobody: what the logs say is what counts, and the audit recounts it",
            tried_by="services/targets/test_replay.py"
            "::test_a_standing_that_is_not_what_the_log_says_is_named_though_its_entries_are",
        ),
    ),
}


def _counted() -> set[type[Event]]:
    return {event for one in SUBSCRIPTIONS if one.counted for event in one.events} | {*targets.MENDS}


def test_every_event_that_moves_a_count_says_what_it_rests_on_and_who_the_second_person_is() -> None:
    assert CAUSES.keys() == {event.name() for event in _counted()}, "say it here, and try one person for both"
    assert all(causes for causes in CAUSES.values())


@pytest.mark.parametrize("tried_by", sorted({one.tried_by for causes in CAUSES.values() for one in causes}))
def test_that_one_person_is_not_both_is_tried(tried_by: str) -> None:
    path, _, name = tried_by.partition("::")
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    assert name in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
