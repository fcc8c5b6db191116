"""
Values and decisions: no I/O, no clock, no logging.

Start with `line` (what is ours to rotate and when it is due), then `rotation` (the phases of one journey) and
`evidence` (what may be removed).
"""
