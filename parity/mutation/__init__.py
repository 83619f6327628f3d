"""Ports with deliberate bugs, and the checks that catch them."""
