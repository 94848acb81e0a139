"""What a search does where it is stuck, which differs with the target's pip, and what it tells meanwhile."""
