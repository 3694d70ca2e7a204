"""German, as the browser writes it."""
