"""One module for each command, or for each few that are alike: their parameters, and what they print."""
