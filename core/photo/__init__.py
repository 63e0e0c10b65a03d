"""Files to photographs and back: opened, made small, saved with their metadata; zips of them."""
