"""Autochrome as a Hugging Face Space: its configuration, its files, how it gets there, and ZeroGPU."""
