"""The public notice (公示): what anybody may see of a case, and may say against it."""
