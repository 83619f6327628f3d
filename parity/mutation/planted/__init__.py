"""The kill matrix: bugs planted by hand, and the ways of checking that catch each."""
