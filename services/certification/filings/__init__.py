"""Filings (评价机构备案): by which numbers assessors have said they issue certificates, as heard from training."""
