"""The storm: thousands of flows of five authorities through real processes that die at random."""
