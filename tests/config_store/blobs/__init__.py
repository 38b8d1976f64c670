"""Tests of the blob storages."""
