"""Withdrawals (核减): a counted unit is taken back by its owner, and given back after the re-check."""
