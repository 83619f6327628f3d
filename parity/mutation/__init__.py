"""Ports that are wrong on purpose, and what notices: scenarios, interop, fuzzing, exploring."""
