"""The dashboard: pages and forms for people. Each route is in `table.py`."""
