"""Receivers that use what they are given: they sign in with it, so a wrong delivery shows."""
