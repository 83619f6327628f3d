"""The command line, which parses and prints, and the jobs behind its commands."""
