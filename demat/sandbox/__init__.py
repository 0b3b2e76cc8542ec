"""Local stand-ins of the tiers de télétransmission, the préfecture and the DGFiP; test PKI."""
