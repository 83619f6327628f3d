"""The player of a real cluster: chief, workers and PS as processes of this machine."""
