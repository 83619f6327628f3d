"""Fuzzing: scenarios that nobody thought of, on both sides, and made small where these differ."""
