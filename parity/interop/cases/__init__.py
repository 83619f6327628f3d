"""The cases of interop, with the results that the specification requires."""
