"""A real cluster on this machine: processes, ports, and what each role runs."""
