"""Inspections (督导检查): samples of what was counted, findings, 督查单, withdrawals, problems, 绿色通道, hints.

hears  targets: a sample is drawn, something looks odd; the owners of facts: what became of an order
says   a sample is wanted; a counted unit is to be withdrawn, or given back; what became of a problem or of a 绿色通道
       request
"""
