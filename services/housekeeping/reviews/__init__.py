"""Reviews: the marks that reviewers hand in, blind at first, and the interests for which they stand aside."""
