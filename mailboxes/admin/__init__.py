"""Importing the four tables and the administrators registers them; Django looks here for them."""

from mailboxes.admin import aliases, domains, mailboxes, users

__all__ = ["aliases", "domains", "mailboxes", "users"]
