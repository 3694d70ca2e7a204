"""V2: what Dovecot writes, and Postfix about Dovecot."""

from django.utils.translation import gettext_lazy as _

from mailboxes.doctor.remedies import APPLY, APPLY_AND_RESTART, Remedy, restart
from mailboxes.doctor.signatures.remedies import ON_ITS_PAGE, RESTART_BOTH
from mailboxes.doctor.signatures.signature import fault, refusal
from mailboxes.doctor.tables.stored_passwords import ALLOW, NEW

SIGNATURES = (
    fault(
        "dovecot.permission",
        _("Postfix has no right to use Dovecot's socket for sign-ins."),
        RESTART_BOTH,
        "SASL: Connect to … failed: Permission denied",
    ),
    fault(
        "dovecot.stopped",
        _("Dovecot isn't running, or has no socket for sign-ins."),
        RESTART_BOTH,
        "SASL: Connect to … failed: ",
    ),
    fault(
        "dovecot.mechanisms",
        _("Nobody can sign in: Postfix finds no service that checks passwords."),
        APPLY_AND_RESTART,
        "fatal: no SASL authentication mechanisms",
    ),
    fault(
        "dovecot.lmtp",
        _("Dovecot isn't running, or has no socket for deliveries, so mail is deferred."),
        RESTART_BOTH,
        "connect to …[private/…-lmtp]: ",
    ),
    fault(
        "dovecot.quota_status",
        _(
            "Dovecot's quota-status doesn't answer, so Postfix accepts mail even for full "
            "mailboxes."
        ),
        RESTART_BOTH,
        "private/quota-status: ",
    ),
    fault(
        "dovecot.release",
        _("Dovecot's configuration was exported for another Debian release."),
        Remedy(
            _("Set MAIL_RELEASE in .env to the release of the mail host, then export and apply:"),
            APPLY.command,
        ),
        "dovecot_config_version",
    ),
    fault(
        "dovecot.configuration",
        _("Dovecot's configuration has a mistake, which the line names."),
        APPLY,
        "doveconf: Fatal",
        "Error in configuration file",
        "No passdbs specified",
        "Can't open configuration file",
    ),
    fault(
        "dovecot.weak",
        _("Dovecot refuses a stored password because its scheme is weak."),
        ALLOW,
        "Weak password scheme '…' used and refused",
    ),
    fault(
        "dovecot.scheme",
        _("Dovecot can't use a stored password: it is damaged, or of an unknown scheme."),
        NEW,
        "Unknown scheme ",
        "Invalid password in passdb: ",
        "Password data is not valid for scheme ",
    ),
    fault(
        "dovecot.query",
        _("Dovecot's password query returns the wrong columns or too many rows."),
        APPLY,
        "Password query must return a field named",
        "query returned multiple matches",
    ),
    refusal(
        "dovecot.password",
        _("Somebody entered a wrong password."),
        ON_ITS_PAGE,
        "assword mismatch",
    ),
    refusal(
        "dovecot.user",
        _("Somebody tried to sign in with an address that has no active mailbox."),
        ON_ITS_PAGE,
        "auth…: unknown user",
        "auth…sql: unknown user",
    ),
    refusal(
        "dovecot.connections",
        _("A mail program has more connections open at a time than Dovecot allows."),
        restart(
            _(
                "Raise mail_max_userip_connections in a file of your own, such as "
                "/etc/dovecot/conf.d/99-zz-local.conf, then restart Dovecot:"
            ),
            "dovecot",
        ),
        "Maximum number of connections from user",
    ),
)
