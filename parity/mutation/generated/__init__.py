"""Mutants: every small change that a tool can make to the sources, judged by parity alone."""
