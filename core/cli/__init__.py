"""The commands of ``app.py``, one module each. Heavy imports wait inside the functions: ``--help`` must be quick."""
