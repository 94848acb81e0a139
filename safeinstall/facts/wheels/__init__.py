"""What a wheel says of where it goes: the layout of its members, its commands, and when two names are one file."""
