"""The judges of a mutant: the catalogue, interop and the contracts."""
