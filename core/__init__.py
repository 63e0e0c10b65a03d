"""The Lab pipeline, rendering, registry and engine; no Gradio outside core.web and core.space."""

__version__ = "0.1.0"
