"""Tests of the catalogue of keys."""
