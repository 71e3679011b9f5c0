"""Webhooks of sites: who is told, sending, sending again."""
