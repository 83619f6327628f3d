"""The commands of monolith-parity: each parses its options, runs its job, and prints."""
