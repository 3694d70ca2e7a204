"""The explanation of one address: its rows, where its mail goes, and whether it can sign in."""

from mailboxes.doctor.address.hop import examine

__all__ = ["examine"]
