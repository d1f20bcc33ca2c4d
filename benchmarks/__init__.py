"""Measurements: CPU seconds and ratios, printed with the machine and its load. Never run by the tests."""
