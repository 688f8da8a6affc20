"""Objections to a public notice: what one must bring, how many are taken, and what was said, sealed."""
