"""From an object to its server: one pass observes, decides, acts and reports."""
