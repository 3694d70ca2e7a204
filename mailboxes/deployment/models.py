"""What was exported, applied and examined, and which steps of the first set-up are done."""

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

    kept_domains = models.JSONField(default=list)
    """The domains that this mail host goes on serving without the panel (`apply --keep`)."""

    def __str__(self) -> str:
        return self.identity


class SetupStep(models.Model):
    """A step of the first set-up that was seen to be done, or that somebody has ticked."""

    name = models.CharField(max_length=20, primary_key=True)
    done = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class LastExamination(models.Model):
    """What the doctor found on a machine when it was last run there as root, or by a timer."""

    machine = models.CharField(max_length=100, primary_key=True)
    examined = models.DateTimeField()
    as_root = models.BooleanField(default=True)
    """Whether it saw everything: as root, on the mail host."""

    verdict = models.CharField(max_length=20)
    """A state of the doctor's: `working`, `warning`, `broken` or `not checked`."""

    hops = models.JSONField(default=list)
    """What was found at each hop, as `doctor --json` prints it, but in no language."""

    reported = models.DateTimeField(null=True, blank=True)
    """When the timer last reported; empty without one."""

    def __str__(self) -> str:
        return self.machine
