"""The door: HTTP in, RPC to services, HTTP out. It decides who may come in, never what the facts are."""
