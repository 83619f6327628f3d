"""The player of a port: its driver as a child process, and the driver protocol to talk to it."""
