"""The tables: what they hold, as far as the daemons can't use it or mail would be lost."""

from mailboxes.doctor.tables.hop import examine

__all__ = ["examine"]
