"""Deliver to a secret of another name, or in another key vault."""
