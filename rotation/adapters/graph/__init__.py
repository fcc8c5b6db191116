"""
Microsoft Graph.

`directory.GraphDirectory` is the port; the other modules are its parts: `client` (signing in, sending), `errors`
(what to do next), `wire` (what pages hold), `pages` (reading many), `applications`, `owners`, `roles`, `rules`
(reading), and `credentials` (the two writes). `usage` is a port of its own.
"""
