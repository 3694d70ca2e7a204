"""Whose the mail database is and by which conventions it is used; how its rows were called."""

from django.db import models


class Adoption(models.Model):
    """A mail database whose tables another program has created."""

    database = models.CharField(max_length=255, primary_key=True)
    """The name of the database, or the path of its file."""

    host = models.CharField(max_length=255, blank=True, default="")
    """The server at that time. It only warns: a cluster has several with the same database."""

    product = models.CharField(max_length=40)
    folder_form = models.CharField(max_length=255)
    """The form of the column `maildir`: one of `mark.FOLDER_FORMS`, or a template."""

    quota_multiplier = models.BigIntegerField()
    scheme = models.CharField(max_length=40)
    """MAIL_PASSWORD_SCHEME at that time."""

    adopted = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.database}: {self.product}"


class FormerName(models.Model):
    """What a mailbox or a domain was called before it was renamed."""

    former = models.CharField(max_length=255, db_index=True)
    name = models.CharField(max_length=255)

    def __str__(self) -> str:
        return f"{self.former}: {self.name}"
