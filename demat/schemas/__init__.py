"""XSD catalogue and validation, in words that an agent can read."""
