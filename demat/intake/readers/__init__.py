"""One file per format that agents hand in."""
