"""How the product is run: embedded servers for one machine, the process list, and what production needs."""
