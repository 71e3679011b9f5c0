"""Agents' tasks and workflows over HTTP: plain ASGI applications in front of Django."""
