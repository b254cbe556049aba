"""The modules that a session needs."""
