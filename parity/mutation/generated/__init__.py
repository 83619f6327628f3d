"""Mutants: the small changes that a tool makes to the sources, judged by parity alone."""
