"""Connectors: one file per real system that takes our flows, behind one interface (``api``)."""
