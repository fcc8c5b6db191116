"""
The HTTP API: each handler takes the services and a request and gives a response.

Handlers raise what workflows raise; `problems.py` makes problems of it. `table.py` has every route, `doors.py` says who
comes in, `protection.py` what holds other sites off.
"""
