"""Every refusal says of itself whether its truth may change by itself."""

from importlib import import_module
from pkgutil import iter_modules

import contract
from contract.errors import Conflict, Forbidden, NotFound, Refused, Stale

_MODULES = {import_module(f"contract.{found.name}").__name__ for found in iter_modules(contract.__path__)}

# Final: neither time, nor work that is being done, nor an event on its way makes the same request succeed. By why.
FINAL = {
    "the request alone decides": """
        allocation_invalid assessor_invalid breakdown_unknown bulletin_invalid centre_invalid evidence_missing
        finding_invalid ground_unknown holiday_notice_invalid indicator_not_reported inspection_unknown invalid
        ledger_period_outside
        marks_invalid matter_invalid nothing_to_correct objection_invalid part_above_whole recommender_missing
        region_ambiguous region_unknown report_invalid report_workbook_unreadable reporting_level_wrong
        hint_invalid roster_unreadable round_invalid sum_not_reported command_reused
        """,
    "the record is at another version than the request names": """
        allocation_changed award_changed_meanwhile case_changed certificate_changed finding_changed greenway_changed
        bulletin_changed hint_changed matter_changed recognition_changed registration_changed report_changed
        round_changed subject_changed withdrawal_changed
        """,
    "ids are given by the service that is asked, once the record is committed": """
        assessor_not_found award_not_found bulletin_not_found case_not_found centre_not_found entries_not_found
        evidence_not_found finding_file_not_found finding_not_found greenway_not_found hint_not_found
        holiday_notice_not_found
        import_not_found import_without_result inspection_not_found ledger_not_found look_not_found
        matter_not_found node_not_found objection_not_found recognition_not_found report_evidence_not_found
        report_import_not_found report_not_found round_not_found snapshot_not_found subject_not_found
        supervision_order_not_found target_not_found withdrawal_not_found
        """,
    "it is done and stays done, or too late and stays too late": """
        already_scored assessor_already_filed centre_already_closed centre_already_registered
        certificate_already_issued certificate_conflict cure_expired filing_already_withdrawn
        finding_recorded_already greenway_answered_already hint_concluded_already holiday_notice_settled
        matter_settled_already
        number_prefix_taken recognition_settled outcome_below_threshold period_already_closed report_already_decided
        report_unchanged review_too_late round_already_cancelled round_already_closed round_past_due
        subject_already_registered subject_not_active
        """,
    "somebody has to decide or do something first, which is another request": """
        appeal_not_allowed base_move_not_allowed bulletin_already_there bulletin_step_not_open
        figure_above_later figure_below_earlier finding_not_open greenway_not_waiting
        hint_not_assigned matter_not_open matter_not_settled matter_open nobody_to_remind notice_disputed
        round_already_open settlement_asked_already settlement_not_asked target_not_adjusted target_not_allocated
        """,
}


def _refusals(kind: type[Refused] = Refused) -> set[type[Refused]]:
    below = {found for child in kind.__subclasses__() for found in _refusals(child)}
    return {kind for kind in below | {kind} if kind.__module__ in _MODULES}


def test_every_refusal_is_transient_or_listed_as_final_with_the_reason() -> None:
    answered = _refusals() - {Refused, NotFound, Conflict, Forbidden, Stale}
    listed = [code for codes in FINAL.values() for code in codes.split()]
    assert len(listed) == len(set(listed)), "a refusal has one reason"
    assert {kind("", "").code for kind in answered if not kind.transient} == set(listed), (
        "say of a new refusal whether its truth may change by itself: transient, or final for a reason"
    )


def test_whoever_is_to_wait_is_refused_for_now_only() -> None:
    assert all(kind.transient for kind in _refusals() if kind.retry_after is not None)
