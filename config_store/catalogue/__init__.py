"""The keys that an installed Spark and its Hadoop know: types, defaults, near names, and what is odd in a group."""
