"""Rubrics (评分标准) as data, and what the reviewers' marks come to. A case is pinned to one version for good."""
