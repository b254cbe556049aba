"""Puts the checkout on the path, so that `pytest` works from here with nothing installed."""
