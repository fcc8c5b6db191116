"""
The dashboard: pages made on the server, which do all of their work without a script.

`table.py` says which page stands where and who may see it; every act has a page that first shows what it would touch.
"""
