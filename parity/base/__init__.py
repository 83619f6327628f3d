"""The base model, errors the user can fix, strict files, and the project's paths."""
