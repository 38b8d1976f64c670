"""What ``airflow couture check`` looks at where the API server runs."""
