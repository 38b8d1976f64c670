"""Where the bytes of artifacts and configuration files lie."""
