"""The browser runtime's rules: bodies, sessions and their runs, projections, snapshots, telemetry.

No clock, no ids, no database: what they need is given to them.
"""
