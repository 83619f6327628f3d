"""The base model, errors the user can fix, strict files, and where the project lies."""
