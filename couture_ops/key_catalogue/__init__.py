"""Lists the keys that an installed Spark and its Hadoop know, by asking their own jars; kept below the cache."""
