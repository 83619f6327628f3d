"""Fuzzing: generated scenarios played on both sides, and shrunk where the sides differ."""
