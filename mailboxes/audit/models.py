"""The log's tables: `log` adds rows, `archive` removes the oldest, and nothing changes any."""

from typing import Any

from django.db import models
from django.db.models import Case, F, Q, When


class Phase(models.TextChoices):
    """What an entry says of an action."""

    BEGUN = "begun"
    DONE = "done"
    REFUSED = "refused"
    SETTLED = "settled"
    CHANGE = "change"
    """A change in the panel's own database, in the transaction that logs it."""

    EVENT = "event"
    """Something that changes nothing, such as a failed sign-in or a download."""


CHANGES = Q(parent=None, phase__in=[Phase.BEGUN.value, Phase.CHANGE.value])
"""What begins a change; later batches of a bulk action are beneath the first."""

LISTED = Q(parent=None, phase__in=[Phase.BEGUN.value, Phase.CHANGE.value, Phase.EVENT.value])
"""What the log shows as a line; the others tell how it ended."""


def seq_where(condition: Q) -> models.GeneratedField:
    """Return a copy of `seq` for indexes that leave out all other entries."""
    return models.GeneratedField(
        expression=Case(When(condition, then=F("seq")), default=None),
        output_field=models.BigIntegerField(null=True),
        db_persist=True,
    )


class Entry(models.Model):
    """One entry of the chain. Names are text, so it survives its actor and its objects."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    phase = models.CharField(max_length=8, choices=Phase)
    begun = models.BigIntegerField(null=True, db_index=True)
    """The entry that began what this one ends."""

    parent = models.BigIntegerField(null=True, db_index=True)
    """The line that began a bulk action's first batch, if this one begins a later batch."""

    action = models.CharField(max_length=40)
    """Such as `mailbox.create`."""

    actor_kind = models.CharField(max_length=20)
    actor = models.CharField(max_length=255)
    client = models.CharField(max_length=255, blank=True)
    text = models.TextField(blank=True)
    """A refusal as `refusals` stores it, or what else there is to say, in English."""

    digest = models.CharField(max_length=64)
    """SHA-256 of the objects beneath."""

    mac = models.CharField(max_length=64)
    listed = seq_where(LISTED)
    changed = seq_where(CHANGES)

    class Meta:
        ordering = ["-seq"]
        indexes = [
            models.Index(fields=["listed"], name="audit_listed"),
            models.Index(fields=["changed"], name="audit_changed"),
            models.Index(fields=["action", "listed"], name="audit_action"),
            models.Index(fields=["actor", "listed"], name="audit_actor"),
            models.Index(fields=["client", "listed"], name="audit_client"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"


class Subject(models.Model):
    """An object that an entry is about, and what was to be changed of it."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="subjects")
    start = models.BigIntegerField()
    """The entry that the log shows for this action: of a bulk action, that of the first batch."""

    model = models.CharField(max_length=20)
    name = models.CharField(max_length=255)
    domain = models.CharField(max_length=255, blank=True)
    changes = models.JSONField(default=dict)
    """Old and new value by column; both are missing for a password."""

    refusal: dict[str, Any] | None = None
    """Why this row of a bulk action was refused, as `entries.read` has found out."""

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["model", "name", "entry"], name="audit_object"),
            models.Index(fields=["name", "start"], name="audit_name"),
            models.Index(fields=["domain", "start"], name="audit_domain"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_new(self) -> bool:
        """Whether an import has added the object: nothing had a value before."""
        pairs = filter(None, self.changes.values())
        return "password" not in self.changes and all(old is None for old, _ in pairs)


class Head(models.Model):
    """The last entry of the chain; its row is the lock under which an entry is added."""

    seq = models.BigIntegerField(default=0)
    mac = models.CharField(max_length=64, blank=True)
    pruned_seq = models.BigIntegerField(default=0)
    pruned_mac = models.CharField(max_length=64, blank=True)
    """The last entry that was archived and removed; the chain goes on from it."""

    pruned_seal = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.seq}:{self.mac}"


class OpenEntry(models.Model):
    """An entry whose end has not been logged: it is under way, or a crash has cut it off."""

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, primary_key=True)

    def __str__(self) -> str:
        return str(self.entry)
