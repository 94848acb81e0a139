"""Files in which people keep their requirements, read and changed as text: what is not meant stays as it is."""
