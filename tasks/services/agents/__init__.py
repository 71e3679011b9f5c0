"""Agents' tasks: making, changing, running and ending them."""
