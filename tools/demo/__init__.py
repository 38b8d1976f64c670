"""The demo: Airflow with the suite on this machine, and an example that runs real Spark."""
