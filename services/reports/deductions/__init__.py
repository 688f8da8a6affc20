"""Deductions (核减): what inspections take off report lines, and give back."""
