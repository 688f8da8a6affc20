"""Withdrawals (核减): what inspections order of certificates, done or refused, and answered."""
