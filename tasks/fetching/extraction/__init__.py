"""Bytes of any type in, one Markdown document out, inside processes that can be killed.

`extract.extract` is the pure function, `pool.ExtractionPool` runs it elsewhere. Importing this package,
`document` or `pool` loads no parser: only the children pay for them.
"""
