"""Players: each takes a scenario and gives a trace, or says why it can't."""
