"""The smallest change of pins that the policy lets pass, and how it is written into a file."""
