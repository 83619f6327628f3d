"""What a mutant is judged by: the catalogue, interop, the contracts; each names what is red."""
