"""The benchmarks: this suite beside the Apache Spark provider's operator, and its own promises of speed."""
