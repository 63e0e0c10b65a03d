"""The Gradio face: the page, one module per tab, and the named endpoints."""
