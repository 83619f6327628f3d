"""The search for differences in scenarios and schedules that nobody wrote."""
