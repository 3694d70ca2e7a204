"""What an administrator has uploaded to import: its rows, without a clear password."""

from django.conf import settings
from django.db import models


class State(models.TextChoices):
    CHECKED = "checked"
    """The dry run was done, and nothing else."""

    STARTED = "started"
    """Some batches are done: it is running, or was interrupted."""

    STOPPED = "stopped"
    DONE = "done"


class PreparedImport(models.Model):
    """A file after its dry run, for the administrator who has uploaded it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    file_name = models.CharField(max_length=255)
    created = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=10, choices=State, default=State.CHECKED.value)
    header = models.JSONField(default=list)
    """The names in the file's header; empty if it has none."""

    columns = models.JSONField(default=list)
    """The column that each of the file's columns is assigned to, or an empty text."""

    reads_hashes = models.BooleanField(default=False)
    """Whether a column named like clear passwords was read as hashes."""

    options = models.JSONField(default=dict)
    expected = models.JSONField(default=dict)
    """How many rows the dry run has found for each outcome."""

    achieved = models.JSONField(default=dict)
    """The same, of the batches that are done."""

    next_batch = models.IntegerField(default=0)
    entry = models.BigIntegerField(default=0)
    """The entry in the log."""

    def __str__(self) -> str:
        return self.file_name


class PreparedBatch(models.Model):
    """Some of the rows, and some of the lines that they are from."""

    prepared = models.ForeignKey(PreparedImport, on_delete=models.CASCADE, related_name="batches")
    number = models.IntegerField()
    rows = models.JSONField(default=list)
    """The rows to import; they are removed when the batch is done, with the hashes in them."""

    outcomes = models.JSONField(default=list)
    """Of each row: its place, its name, what becomes of it, and why it is refused."""

    lines = models.JSONField(default=list)
    """Number, cells and row's place of each line of the file; the cells without passwords."""

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["prepared", "number"], name="imports_batch")]

    def __str__(self) -> str:
        return f"{self.prepared} {self.number}"
