"""Findings: what an inspector found of a unit, its mending (整改), and the re-check by somebody else."""
