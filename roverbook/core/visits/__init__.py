"""Visits: how a log of events becomes what an agent's visit came to."""
