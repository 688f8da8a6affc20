"""Samples of what is counted: drawn for an inspection by a seed that is told, and proved by drawing them again."""
