"""targets (目标计数): the indicators of the plan and how far they are.

Owns: standings, entries, rollups.
Hears: certification's events.
Says: nothing.
"""
