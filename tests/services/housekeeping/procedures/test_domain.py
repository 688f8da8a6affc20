import pytest

from services.housekeeping.procedures import domain as procedures
from services.housekeeping.procedures.domain import ProcedureUnsound


def test_a_procedure_without_a_notice_before_the_award_is_not_taken() -> None:
    text = (procedures._FOLDER / "stars-1.toml").read_text(encoding="utf-8")
    with pytest.raises(ProcedureUnsound, match="undisputed notice"):
        procedures.parse(text.replace('checks = ["notice_over", "undisputed", "outcome_grants", "no_matters"]', ""))
