"""One package a service. Services import contract and runtime, never one another: what one needs, it hears."""
