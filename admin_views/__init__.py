"""The suite inside Airflow's API server: the JSON API, permissions, audit, and the plugin that brings them."""
