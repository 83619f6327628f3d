"""Fuzzing: generated scenarios are played on both sides, and shrunk where the sides differ."""
