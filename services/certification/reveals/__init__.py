"""Reveals: a certificate's holder seen in full, by whom and why."""
