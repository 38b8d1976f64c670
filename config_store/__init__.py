"""The store of Spark configuration: groups, revisions, artifacts, Hadoop files, submissions."""
