"""Keys, certificates, trust, XAdES signature and verification; knows Ids, not bordereaux."""
