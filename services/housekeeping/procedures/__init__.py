"""Procedures (办理流程) as data: offices, steps and what each step needs. A case is pinned to one version for good."""
