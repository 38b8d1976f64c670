"""What ``airflow couture check`` looks at on a worker, and how checks are run."""
