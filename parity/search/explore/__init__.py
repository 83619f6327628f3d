"""Exploring: every order of what happens at the same instant, and what comes of each."""
