"""The embedded colouriser: a small network, its training code and its metrics."""
