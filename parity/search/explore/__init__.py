"""Exploring: every order of what happens at one instant, and the outcomes of each."""
