"""Interop: each language as client and server of each other, over real gRPC on this machine."""
