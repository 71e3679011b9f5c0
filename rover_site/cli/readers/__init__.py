"""A stand-in for the app `workspace` while a command only reads tasks.

The tables of tasks refer to owners. The real owner model brings Django's whole authentication along, forms,
HTTP and templates with it: that is half of a reader's start-up time, and a reader never looks at an owner.
"""
