"""Dispatch rounds (调度): opened, reminded of and closed by the province; who filed, was late or is missing."""
