"""The store: deposits, transmissions, journal; the only place where a state moves."""
