"""Forms (填报表): the empty one for download, what comes back filled, and what became of its rows."""
