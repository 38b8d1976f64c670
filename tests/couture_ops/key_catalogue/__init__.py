"""Tests of the listing of keys."""
