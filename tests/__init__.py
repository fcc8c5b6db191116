"""Tests: promises, each stated once."""
