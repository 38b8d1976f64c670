"""Hadoop's configuration files as Hadoop reads them: scanned with positions, edited, evaluated, judged."""
