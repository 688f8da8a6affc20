"""Reports (填报与调度): the figures that departments and regions file for what is not counted from facts, and the
rounds in which they are asked for.

hears  targets: a closed round's snapshot is locked; inspections: withdraw units of a report, or give them back
says   what was filed, returned, rejected and accepted; what was deducted; rounds opened and closed
"""
