"""Programs that run in the environment of the peers, not in ours."""
