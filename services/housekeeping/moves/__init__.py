"""Moves (主体变更): a subject moves, merges or changes its employer, and nothing open or standing moves with it."""
