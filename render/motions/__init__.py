"""The procedural motion library."""
