"""What others said that is not counted: kept in its newest version, for the ledger and for snapshots."""
