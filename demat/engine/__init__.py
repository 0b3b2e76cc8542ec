"""The use cases, one restartable step per file."""
