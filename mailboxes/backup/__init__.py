"""Backups of the panel: both databases and its settings in one file, and the way back."""
