"""The panel's own tables beside the mail tables, in which lists, counts and searches look first.

Triggers keep them right, whoever writes the mail tables (`lookup_tables`). They don't exist in a
database that was adopted.
"""

from django.db import models

from mailboxes.fields import AddressField, UnicodeField

WORD_LENGTH = 64


class Flag:
    """What a row of `RowFlag` says of the mailbox or alias with that address."""

    DISABLED_MAILBOX = "disabled mailbox"
    WEAK = "weak"
    FULL = "full"
    DISABLED_ALIAS = "disabled alias"
    HANDLED = "handled"
    """Mail for the alias is refused or discarded."""

    ALIAS = "alias"
    """It isn't a mailbox's own alias."""


class Lookup(models.Model):
    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class RowFlag(Lookup):
    """A mailbox or an alias that a list, a filter or a count is about.

    With a key that began with `flag`, MariaDB would read and sort all rows with a flag.
    """

    pk = models.CompositePrimaryKey("domain", "flag", "address")
    flag = AddressField(max_length=20)
    domain = AddressField()
    address = AddressField()

    class Meta(Lookup.Meta):
        db_table = "lookup_flag"
        indexes = [models.Index(fields=["flag", "address"], name="lookup_flag_address")]


class DomainCount(Lookup):
    """How many mailboxes and aliases a domain has, without the mailboxes' own."""

    domain = AddressField(primary_key=True)
    mailboxes = models.BigIntegerField(default=0, db_default=0)
    aliases = models.BigIntegerField(default=0, db_default=0)
    quota = models.BigIntegerField(default=0, db_default=0)
    """The sum of the mailboxes' quotas."""

    class Meta(Lookup.Meta):
        db_table = "lookup_count"


class AliasTarget(Lookup):
    """One address that an alias forwards to, other than itself."""

    pk = models.CompositePrimaryKey("target", "alias")
    target = AddressField()
    alias = AddressField()
    domain = AddressField()
    """That of the target; empty if it isn't an address."""

    crosses = models.BooleanField(default=False, db_default=False)
    """Whether the alias itself is in another domain."""

    class Meta(Lookup.Meta):
        db_table = "lookup_target"
        indexes = [
            models.Index(fields=["alias"], name="lookup_target_alias"),
            models.Index(fields=["domain", "crosses", "alias"], name="lookup_target_domain"),
        ]


class MailboxActivity(Lookup):
    """How much a mailbox stores and when its owner last signed in, 0 if that isn't recorded.

    Dovecot's own tables have no indexes for sorting by that, and no rows for other mailboxes.
    """

    address = AddressField(primary_key=True)
    domain = AddressField()
    bytes = models.BigIntegerField(default=0, db_default=0)
    last_login = models.BigIntegerField(default=0, db_default=0)

    class Meta(Lookup.Meta):
        db_table = "lookup_activity"
        indexes = [
            models.Index(fields=["bytes", "address"], name="lookup_activity_bytes"),
            models.Index(fields=["last_login", "address"], name="lookup_activity_login"),
            models.Index(fields=["domain", "bytes", "address"], name="lookup_activity_of_bytes"),
            models.Index(
                fields=["domain", "last_login", "address"], name="lookup_activity_of_login"
            ),
        ]


class SearchWord(Lookup):
    """A word in the address or the name of a mailbox, or in an alias or what it forwards to."""

    pk = models.CompositePrimaryKey("kind", "word", "domain", "address")
    kind = AddressField(max_length=10)
    """`mailbox` or `alias`."""

    word = UnicodeField(max_length=WORD_LENGTH)
    domain = AddressField()
    address = AddressField()

    class Meta(Lookup.Meta):
        db_table = "lookup_word"
        indexes = [models.Index(fields=["address"], name="lookup_word_address")]
