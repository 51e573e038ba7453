"""What bench/feed measures, a module for each figure."""
