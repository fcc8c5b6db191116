"""
The durable record: which rows there are, how they are written, and who may write them now.

Built on the `Tables` port alone. `application` reads everything of one application, `fence` is the lease under which
it may be changed, `wakes` say when to look again.
"""
