"""The PES v2 protocol, pure: bordereaux, attachments, answers of the comptable (helios dossier)."""
