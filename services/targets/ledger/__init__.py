"""The work ledger (工作台账): each indicator in each region beside its target, the calendar and what was reported."""
