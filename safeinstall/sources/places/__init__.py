"""Where do we keep files of our own? Door: every module. Knows no other room."""
