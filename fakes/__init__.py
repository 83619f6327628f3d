"""Fake PS machines, a fake saver and a virtual clock: a cluster under faults, in one process."""
