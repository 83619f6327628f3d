"""The kill matrix: bugs planted by hand, and which ways of checking catch each."""
