"""The ACTES protocol, pure: acts, envelopes, answers of the préfecture (actes dossier)."""
