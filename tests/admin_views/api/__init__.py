"""Tests of the API's routes, one file for each noun."""
