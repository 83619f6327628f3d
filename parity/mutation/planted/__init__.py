"""The kill matrix: bugs planted on purpose, and which scenarios catch each."""
