"""Runs, matrices and single plays, printed to a terminal."""
