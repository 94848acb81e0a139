"""What a wheel was made of: files compared by content, and what builds generate."""
