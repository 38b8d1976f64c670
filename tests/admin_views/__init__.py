"""Tests of the plugin: its API over real HTTP, each on a store of its own."""
