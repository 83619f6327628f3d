"""Search for differences in scenarios and schedules that nobody wrote."""
