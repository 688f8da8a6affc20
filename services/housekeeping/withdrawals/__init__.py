"""Withdrawals: what inspections orders of an award, done or refused, and answered."""
