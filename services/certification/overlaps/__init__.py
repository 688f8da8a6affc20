"""Overlaps: what two training centres' rosters have in common, noticed once for a person to look at."""
