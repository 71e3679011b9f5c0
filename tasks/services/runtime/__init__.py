"""The browser runtime, `/v2/rover/*`: sessions, commands, steps, and what is kept of a page."""
