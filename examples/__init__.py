"""A training job to start from."""
