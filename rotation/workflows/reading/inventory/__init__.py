"""
The applications of the tenant as of the last complete pass: list, search, filter, order and page through them.

A hundred thousand applications lie in a few runs of bytes and arrays (`columns`), loaded on first use and kept until a
newer file is there (`shelf`). Nothing is asked of the directory; `reading.application` reads one application live.
"""
