"""A stand-in for the app `workspace` while a command only reads tasks.

The tables of tasks refer to owners, sites and keys. The real owner model brings Django's authentication
along, forms, HTTP and templates with it: that is half of a reader's start-up time, and a reader never looks
at them.
"""
