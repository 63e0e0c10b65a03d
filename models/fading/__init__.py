"""A small network that guesses a faded print's own black and white; see README.md."""
