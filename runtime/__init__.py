"""How a service is hosted: configuration, database, broker, events, outbox, launching. Imports no service."""
