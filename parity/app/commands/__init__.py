"""The commands of monolith-parity: each parses, calls who does the work, and prints."""
