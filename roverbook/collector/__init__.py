"""The collector: what pages with our script, and agents in them, tell RoverBook and read from it."""
