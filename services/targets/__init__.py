"""targets (目标计数): the indicators of the plan and how far they are.

Owns: standings, entries, rollups; the target tree and who answers for it.
Hears: certification's events.
Says: nothing.
"""
