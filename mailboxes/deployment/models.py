"""Which configurations were exported, and when a mail host was given them."""

from django.db import models


class Export(models.Model):
    """A bundle, as digests from which nobody can guess its secrets."""

    identity = models.CharField(max_length=16, primary_key=True)
    """The same for the same files; `apply` prints it."""

    files = models.JSONField(default=dict)
    """The digest of each file whose contents the mail host is given."""

    exported = models.DateTimeField()
    """When it was exported for the first time."""

    applied = models.DateTimeField(null=True, blank=True)
    """When a mail host was last given it, as far as the panel was told."""

    def __str__(self) -> str:
        return self.identity
