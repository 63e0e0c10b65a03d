"""Films: read, coloured steadily along their motion, and written with everything else that they hold."""
