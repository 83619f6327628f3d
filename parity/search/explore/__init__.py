"""Exploration of every order of simultaneous events, and the outcome of each."""
