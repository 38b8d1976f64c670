"""The soak: machines that die, disks that fill, input that nobody meant, secrets that must not show."""
