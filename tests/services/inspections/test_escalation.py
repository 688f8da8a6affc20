import pytest

from services.inspections import escalation
from services.inspections.escalation import RuleUnsound


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (("蓝", "橙", "橙"), "each colour once"),
        (("橙", "蓝"), "each colour once"),
        (("绿",), "绿"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(wrong: tuple[str, ...], why: str) -> None:
    steps = "".join(f'[[steps]]\ncolour = "{colour}"\nafter_days = 1\ndemand = "整改"\n' for colour in wrong)
    with pytest.raises(RuleUnsound, match=why):
        escalation.parse(f'rectification_days = 15\nnumber = "{{year}}-{{serial}}"\n{steps}')


def test_a_rule_needs_days_and_a_number_of_its_own() -> None:
    step = '[[steps]]\ncolour = "蓝"\nafter_days = 1\ndemand = "整改"\n'
    with pytest.raises(RuleUnsound, match="at least one"):
        escalation.parse(f'rectification_days = 0\nnumber = "{{year}}-{{serial}}"\n{step}')
    with pytest.raises(RuleUnsound, match="serial"):
        escalation.parse(f'rectification_days = 15\nnumber = "{{year}}"\n{step}')
