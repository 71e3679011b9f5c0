"""Deciders for what Rover does in a page that a visitor's browser shows, one step at a time."""
