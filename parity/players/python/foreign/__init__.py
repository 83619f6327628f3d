"""Anybody's hooks as the reference: their modules, on the virtual clock, in the place of ours."""
