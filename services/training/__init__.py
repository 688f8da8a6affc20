"""Training centres (培训机构), and the filings of the bodies that assess and certify (评价机构备案).

Owns: centres, assessors with the prefixes of their certificates' numbers. Hears: nothing.
Says: assessor_filed, assessor_changed, assessor_withdrawn, centre_registered, centre_closed.
"""
