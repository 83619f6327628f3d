"""Interop: each language as client and as server of each, over real gRPC on this machine."""
