"""Tests of configuration as text."""
