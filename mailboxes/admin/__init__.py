"""Django imports this package, which registers the four tables and the administrators."""

from mailboxes.admin import aliases, domains, mailboxes, users

__all__ = ["aliases", "domains", "mailboxes", "users"]
