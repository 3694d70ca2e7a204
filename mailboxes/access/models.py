"""Which role an administrator has, and for which domains."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from mailboxes.access.roles import Role


class Grant(models.Model):
    """An administrator's role; superusers have none here, but Django's own flag."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="grant"
    )
    role = models.CharField(_("role"), max_length=20, choices=Role, blank=True)
    all_domains = models.BooleanField(_("all domains"), default=False)
    replaced = models.TextField(blank=True)
    """The single permissions that this role was chosen for, until a superuser has confirmed it."""

    def __str__(self) -> str:
        return f"{self.user}: {self.role}"


class GrantedDomain(models.Model):
    """One of the domains; a name, since the domains are in another database."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="domains")
    domain = models.CharField(max_length=255, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "domain"], name="access_granted_domain")
        ]

    def __str__(self) -> str:
        return self.domain


class ClosedDomain(models.Model):
    """A domain whose owners can't change their passwords by themselves."""

    domain = models.CharField(max_length=255, primary_key=True)

    def __str__(self) -> str:
        return self.domain


class PasswordDemand(models.Model):
    """Someone who has to choose another password: at the next visit, or with a reminder."""

    kind = models.CharField(max_length=20)
    """`administrator` or `mailbox`."""

    name = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="access_demand")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
