"""What agents hand in: the watched folder and the readers of each export format."""
