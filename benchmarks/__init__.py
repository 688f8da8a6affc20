"""What is measured, against what, and the last results: `make bench` writes RESULTS.md."""
