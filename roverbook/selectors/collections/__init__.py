"""RoverBook's collections as owners read them: which there are, what can be asked of them, and a page of one.

wanted.py   a question: filters, times, where to go on
rows.py     collections of rows, newest first
sites.py    collections of a few records per site
reading.py  one page, or everything in chunks
"""
