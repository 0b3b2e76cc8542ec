"""What the law makes public: decision, SCDL tables, static site."""
