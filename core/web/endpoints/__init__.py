"""What programs and agents call."""
