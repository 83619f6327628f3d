"""A plain second implementation of the training hooks, written from BEHAVIOUR.md alone."""
