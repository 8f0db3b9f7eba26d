"""The benchmark in a quick form, with bounds that a busy machine keeps and a real regression doesn't."""
