"""The mail tables, with PostfixAdmin's names, columns and types.

Only `actions` writes them; Usage and LastLogin are Dovecot's, and only the demo adds such rows.
"""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from mailboxes.fields import (
    LONG_AGO,
    AddressField,
    AddressListField,
    NumberField,
    StateField,
    UnicodeField,
    WholeSecondField,
)
from mailboxes.handling import Handling, handling_of
from mailboxes.lookup_models import (  # noqa: F401
    AliasTarget,
    DomainCount,
    MailboxActivity,
    RowFlag,
    SearchWord,
)
from mailboxes.passwords import schemes
from mailboxes.routing import Route

# -1 means none allowed; the sum of all quotas in bytes must fit into a bigint.
LIMIT = [MinValueValidator(-1), MaxValueValidator(10**9)]
EVERY_DOMAIN = "ALL"


class Dated(models.Model):
    created = WholeSecondField(_("created"), auto_now_add=True, db_default=LONG_AGO)
    modified = WholeSecondField(_("modified"), auto_now=True, db_default=LONG_AGO)
    active = StateField(_("active"), default=True, db_default=True)

    class Meta:
        abstract = True


class DomainManager(models.Manager["Domain"]):
    """The domains, without the row that PostfixAdmin adds for its superadministrators."""

    def get_queryset(self) -> models.QuerySet["Domain"]:
        return super().get_queryset().exclude(pk=EVERY_DOMAIN)


class Domain(Dated):
    """A domain that this host receives mail for. A limit of 0 means no limit, -1 none allowed."""

    domain = AddressField(_("domain"), primary_key=True)
    description = UnicodeField(_("description"), blank=True, default="")
    aliases = models.IntegerField(_("maximum aliases"), default=0, db_default=0, validators=LIMIT)
    mailboxes = models.IntegerField(
        _("maximum mailboxes"), default=0, db_default=0, validators=LIMIT
    )
    maxquota = NumberField(_("quota per mailbox"), default=0, db_default=0, validators=LIMIT)
    quota = NumberField(
        _("total quota of all mailboxes"), default=0, db_default=0, validators=LIMIT
    )
    transport = AddressField(_("transport"), default="virtual")
    backupmx = StateField(_("backup MX only"), default=False, db_default=False)
    password_expiry = models.IntegerField(
        _("days until a password expires"), null=True, blank=True, default=0, db_default=0
    )

    objects = DomainManager()

    class Meta:
        db_table = "domain"
        ordering = ["domain"]
        verbose_name = _("domain")
        verbose_name_plural = _("domains")

    def __str__(self) -> str:
        return self.domain

    @property
    def route(self) -> Route:
        return Route.read(self.transport, self.backupmx)


class InDomain(Dated):
    """A row that belongs to a domain. PostfixAdmin's tables have no constraint for it."""

    domain = models.ForeignKey(
        Domain,
        verbose_name=_("domain"),
        db_column="domain",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        abstract = True


class Mailbox(InDomain):
    """A mailbox; its owner signs in with the address and the password."""

    username = AddressField(_("address"), primary_key=True)
    password = AddressField(_("password"))
    name = UnicodeField(_("name"), blank=True, default="")
    maildir = AddressField(_("folder"))
    quota = NumberField(_("quota"), default=0, db_default=0)
    local_part = AddressField(_("local part"))
    phone = UnicodeField(max_length=30, blank=True, default="", db_default="")
    email_other = UnicodeField(blank=True, default="", db_default="")
    token = UnicodeField(blank=True, default="", db_default="")
    token_validity = WholeSecondField(default=LONG_AGO, db_default=LONG_AGO)
    password_expiry = WholeSecondField(default=LONG_AGO, db_default=LONG_AGO)

    class Meta:
        db_table = "mailbox"
        ordering = ["username"]
        indexes = [models.Index(fields=["domain"], name="mailbox_domain_key")]
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")

    def __str__(self) -> str:
        return self.username

    def check_password(self, password: str) -> bool:
        """Say whether the password is this mailbox's; writes nothing."""
        return schemes.fits(password, self.password, self.username)


def split_targets(goto: str) -> list[str]:
    return [target.strip() for target in goto.split(",") if target.strip()]


class Alias(InDomain):
    """An address whose mail is forwarded to others; `@domain` is the domain's catch-all."""

    address = AddressField(_("address"), primary_key=True)
    goto = AddressListField(_("forwards to"))

    class Meta:
        db_table = "alias"
        ordering = ["address"]
        indexes = [models.Index(fields=["domain"], name="alias_domain_key")]
        verbose_name = _("alias")
        verbose_name_plural = _("aliases")

    def __str__(self) -> str:
        return self.address

    @property
    def targets(self) -> list[str]:
        return split_targets(self.goto)

    @property
    def handling(self) -> Handling:
        return handling_of(self.goto)

    def forwards_into(self, domain: str) -> bool:
        return any(target.lower().endswith(f"@{domain}") for target in self.targets)

    @property
    def is_mailbox_alias(self) -> bool:
        """Whether this is a mailbox's own alias, which delivers its mail."""
        return Mailbox.objects.filter(pk=self.pk).exists()


class AliasDomain(Dated):
    """A domain whose addresses forward to the same addresses of another domain."""

    alias_domain = AddressField(_("alias domain"), primary_key=True, db_default="")
    target_domain = AddressField(_("forwards to"), db_default="")

    class Meta:
        db_table = "alias_domain"
        ordering = ["alias_domain"]
        indexes = [
            models.Index(fields=["active"], name="alias_domain_active"),
            models.Index(fields=["target_domain"], name="alias_domain_target"),
        ]
        verbose_name = _("alias domain")
        verbose_name_plural = _("alias domains")

    def __str__(self) -> str:
        return self.alias_domain


class Usage(models.Model):
    """How full a mailbox is, written by Dovecot; doesn't need permissions of its own."""

    username = AddressField(_("address"), primary_key=True)
    bytes = models.BigIntegerField(_("bytes"), default=0, db_default=0)
    messages = models.IntegerField(_("messages"), default=0, db_default=0)

    class Meta:
        db_table = "quota2"
        default_permissions = ()
        verbose_name = _("usage")
        verbose_name_plural = _("usage")

    def __str__(self) -> str:
        return self.username


class LastLogin(models.Model):
    """When a mailbox's owner last signed in, written by Dovecot in seconds since 1970."""

    username = AddressField(_("address"), primary_key=True)
    domain = AddressField(_("domain"), default="", db_default="")
    last_login = models.BigIntegerField(_("last sign-in"), default=0, db_default=0)

    class Meta:
        db_table = "last_login"
        default_permissions = ()
        verbose_name = _("last sign-in")
        verbose_name_plural = _("last sign-ins")

    def __str__(self) -> str:
        return self.username


class OfAddress(models.Model):
    """A row in a table that only PostfixAdmin creates; its key here is whom it belongs to.

    Such rows are counted, renamed and deleted, those of administrators read, so other columns don't
    matter.
    """

    class Meta:
        abstract = True
        managed = False
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class Vacation(OfAddress):
    email = AddressField(primary_key=True)
    domain = AddressField(default="")

    class Meta(OfAddress.Meta):
        db_table = "vacation"


class VacationNotification(OfAddress):
    on_vacation = AddressField(primary_key=True)

    class Meta(OfAddress.Meta):
        db_table = "vacation_notification"


class Fetchmail(OfAddress):
    mailbox = AddressField(primary_key=True)
    domain = AddressField(default="")

    class Meta(OfAddress.Meta):
        db_table = "fetchmail"


class AppPassword(OfAddress):
    username = AddressField(primary_key=True)

    class Meta(OfAddress.Meta):
        db_table = "mailbox_app_password"


class SecondFactorException(OfAddress):
    """A client from which an address, or a whole domain, needs no second factor."""

    username = AddressField(primary_key=True)

    class Meta(OfAddress.Meta):
        db_table = "totp_exception_address"


class OldUsage(OfAddress):
    """What Dovecot 1.1 and earlier wrote."""

    username = AddressField(primary_key=True)

    class Meta(OfAddress.Meta):
        db_table = "quota"


class OldAdministrator(OfAddress):
    """One of PostfixAdmin's own administrators."""

    username = AddressField(primary_key=True)
    password = models.CharField(max_length=255)
    active = models.IntegerField(default=1)
    superadmin = models.IntegerField(default=0)

    class Meta(OfAddress.Meta):
        db_table = "admin"


class DomainAdministrator(OfAddress):
    """A domain of one of PostfixAdmin's own administrators."""

    domain = AddressField(primary_key=True)
    username = AddressField(default="")
    active = models.IntegerField(default=1)

    class Meta(OfAddress.Meta):
        db_table = "domain_admins"


def has_mailbox() -> models.Exists:
    """Return the condition that an alias is a mailbox's own: both have the same address."""
    return models.Exists(Mailbox.objects.filter(pk=models.OuterRef("address")))
