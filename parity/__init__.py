"""Plays one scenario on several implementations and says, event by event, where they differ."""
