"""Bytes of one answer to a `PageView`: what a decider sees of a page."""
