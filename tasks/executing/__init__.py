"""What carries a task out: one protocol, the hands that reach a site, and the deciders that use them.

`protocol` holds the values and interfaces, `http_hands` reads a site with the fetch engine, `rules` decides
without a model. Nothing here knows the database or the web framework.
"""
