"""Everything that is rendered from a report: pages, summaries, badges, traces for viewers."""
