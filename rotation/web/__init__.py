"""
The HTTP API: each handler takes the services and a request and gives a response.

Handlers raise what workflows raise; `triggers/boundary.py` makes problems of it. Routes stand in `triggers/http.py`.
"""
