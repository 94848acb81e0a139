"""What is known of where a release comes from (``safe-pip inspect``), and its forms."""
