"""The domestic-service trade (家政): bases and 福嫂, their applications for stars, and the awards that came of them.

Owns: the registry, cases with reviews, notices and objections, awards.
Hears: certification's events, which tell what certificates a 福嫂 holds; inspections' orders to withdraw an award.
Says: award_granted, _raised, _renewed, _lowered, _suspended, _resumed, _revoked, _lapsed, _reinstated; to inspections
what became of its orders.
"""
