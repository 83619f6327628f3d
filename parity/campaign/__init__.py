"""Campaigns: a real cluster under random faults, and what must hold of each run's history."""
