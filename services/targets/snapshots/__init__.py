"""Snapshots: the figures of a closed round, locked by a logical clock for ever."""
