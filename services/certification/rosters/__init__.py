"""Rosters (花名册): uploaded by training centres, imported row by row, given back annotated, recalled as a whole."""
