"""Measures what waiting costs: `make bench`, and in a quick form tests/performance."""
