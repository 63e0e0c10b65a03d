"""The backends there are: the hook they come in through, plugins, and each one at work."""
