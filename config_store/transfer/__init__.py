"""Configuration as text: the files of an export, and the way back into the store (docs/adr/009)."""
