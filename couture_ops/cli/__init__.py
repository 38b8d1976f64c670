"""The command line client ``couture``: a client of the HTTP API alone, quick to start, without Airflow."""
