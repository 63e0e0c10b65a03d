"""A small network that finds marks on prints; see README.md."""
