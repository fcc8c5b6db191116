"""
One outside service a module; SDK types and SDK errors stop here.

An SDK's error may hold the request that caused it, and with it a secret's text. So no error of ours is raised while
one of theirs is being handled: see `azure_errors.answer` and `graph.errors.answer`.
"""
