"""The page's tabs, one module each; the photo tab's layout has one of its own."""
