"""What is watched, and what is ready, while pip installs."""
