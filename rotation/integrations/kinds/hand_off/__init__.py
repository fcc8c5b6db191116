"""Prepare everything for a person who fills in a form of a product without an API."""
