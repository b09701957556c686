"""What a bundle is worth on labelled images: measured through the same code that serves it."""
