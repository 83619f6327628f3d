"""Monolith's training hooks and controller, on TensorFlow and gRPC."""
