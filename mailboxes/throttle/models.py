"""The tables of the throttle. Times are in whole seconds since 1970."""

from django.db import models


class Counter(models.Model):
    """How often one account, one client or both have been tried since a moment."""

    bucket = models.CharField(max_length=65, primary_key=True)
    """What is counted; see `buckets`."""

    attempts = models.IntegerField()
    started = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return self.bucket


class KnownClient(models.Model):
    """A client from which an account has signed in."""

    bucket = models.CharField(max_length=65, primary_key=True)
    last_sign_in = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return self.bucket
