"""Services and workers that exist to be hosted by tests, in processes of their own."""
