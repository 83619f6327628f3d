"""The player of a port: its driver as a child process that speaks the driver protocol."""
