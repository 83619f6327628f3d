"""The peers of interop: a language's client and server, in this process or behind a driver."""
