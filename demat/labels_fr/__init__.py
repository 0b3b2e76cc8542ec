"""French sentences for the people who use demat, by fault code; one file per family of codes."""
