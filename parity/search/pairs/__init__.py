"""Scenarios in which one operation arrives while another is under way (docs/pairs.md)."""
