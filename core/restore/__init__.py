"""Old prints: what is wrong with one is found, suggested, and mended, for the network's eyes unless a person asks."""
