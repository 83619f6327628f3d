"""Mutants: every small change that a tool makes to the sources, judged by parity alone."""
