"""The page of a report, its summary in Markdown and its badge."""
