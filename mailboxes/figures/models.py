"""What is counted once a day, for the pictures on the dashboard."""

from django.db import models


class DailyFigures(models.Model):
    """How much there was on a day (UTC), and what happened; None is what wasn't counted."""

    day = models.DateField()
    domain = models.CharField(max_length=255, blank=True, default="")
    """In lower case; empty for all domains."""

    mailboxes = models.IntegerField(null=True)
    bytes = models.BigIntegerField(null=True)
    """What the mailboxes store, as Dovecot records it."""

    forms = models.JSONField(default=dict)
    """How many passwords are stored in each scheme; an unknown one has no name."""

    locked_out = models.JSONField(default=dict)
    """By the mail host's key: how many active mailboxes can't sign in on it."""

    weak = models.IntegerField(null=True)
    """How many active mailboxes have a weak hash."""

    lacking_roles = models.IntegerField(null=True)
    """How many domains lack postmaster@ or abuse@; only counted for all of them."""

    sign_ins = models.IntegerField(null=True)
    """Sign-ins to the panel and its password page; those of mail programs are in no table."""

    refused = models.IntegerField(null=True)
    changes = models.IntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "domain"], name="figures_day")]
        indexes = [
            models.Index(fields=["domain", "day"], name="figures_domain"),
            models.Index(fields=["day", "bytes"], name="figures_largest"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.domain}"
