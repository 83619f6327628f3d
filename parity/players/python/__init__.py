"""The reference player: monolith_hooks on TensorFlow, in one process under a virtual clock."""
