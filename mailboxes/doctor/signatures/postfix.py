"""What Postfix writes about lookups, recipients, senders and deliveries."""

from django.utils.translation import gettext_lazy as _

from mailboxes.doctor.remedies import APPLY, APPLY_AND_RESTART, Remedy
from mailboxes.doctor.signatures.remedies import EXAMINE
from mailboxes.doctor.signatures.signature import fault, refusal

PACKAGE = _("The package that Postfix needs to query the database isn't installed.")
INSTALL = _("Install the package that is missing, then restart Postfix:")

LOOKUPS = (
    fault(
        "maps.package",
        PACKAGE,
        Remedy(INSTALL, "apt-get install postfix-mysql && systemctl restart postfix"),
        "unsupported dictionary type: mysql",
    ),
    fault(
        "maps.package",
        PACKAGE,
        Remedy(INSTALL, "apt-get install postfix-sqlite && systemctl restart postfix"),
        "unsupported dictionary type: sqlite",
    ),
    fault(
        "maps.proxy_read_maps",
        _("Postfix's proxy may not read a file for lookups: proxy_read_maps in main.cf lacks it."),
        Remedy(
            _("Remove the setting, then restart Postfix:"),
            "postconf -X proxy_read_maps && systemctl restart postfix",
        ),
        "request for unapproved table",
    ),
    fault(
        "maps.permission",
        _("Postfix has no right to read one of its files for lookups."),
        APPLY_AND_RESTART,
        "/etc/postfix/mailadmin/…Permission denied",
    ),
    fault(
        "maps.missing",
        _("One of Postfix's files for lookups is missing."),
        APPLY_AND_RESTART,
        "/etc/postfix/mailadmin/…No such file or directory",
    ),
    fault(
        "aliases.loop",
        _("Aliases forward to each other or to too many addresses, so mail is deferred."),
        Remedy(
            _("Change their targets. This lists them:"), ".venv/bin/python manage.py checkaliases"
        ),
        "unreasonable virtual_alias_maps map",
    ),
    fault(
        "maps.lookup",
        _("Postfix's lookups fail, so mail is deferred. The lines before say why."),
        EXAMINE,
        "table lookup problem",
        "map lookup problem",
        'lookup error for "',
        "_domains lookup failure",
        "Temporary lookup failure",
        "Recipient address rejected: Server configuration error",
    ),
)
RECIPIENTS = (
    fault(
        "recipients.both",
        _(
            "A domain with mailboxes is also in mydestination, so Postfix looks for its addresses "
            "among the host's own users."
        ),
        Remedy(
            _("Remove the domain from mydestination in main.cf. This shows what is set there now:"),
            "postconf mydestination",
        ),
        "do not list domain … in BOTH",
        "User unknown in local recipient table",
    ),
    fault(
        "recipients.loop",
        _("Mail for a domain loops: it is sent to this host, which doesn't serve the domain."),
        Remedy(_("Add or enable the domain, or correct the host to which it is relayed.")),
        "loops back to myself",
    ),
    refusal(
        "recipients.unknown",
        _("Mail was refused because the address has no active mailbox, alias or catch-all."),
        Remedy(_("If it should have one, add or enable it.")),
        "User unknown in virtual mailbox table",
        "User unknown in virtual alias table",
        "User unknown in relay recipient table",
    ),
    refusal(
        "recipients.relay",
        _(
            "Mail was refused because its recipient is in no active domain and nobody had signed "
            "in."
        ),
        Remedy(
            _(
                "If the domain is yours, add or enable it. If the sender is, the mail program must "
                "sign in on port 587 or 465. Otherwise it was probably spam: there is nothing to "
                "do."
            )
        ),
        "Relay access denied",
    ),
    refusal(
        "senders.not_owned",
        _("Mail was refused because the mailbox that signed in doesn't own the sender address."),
        Remedy(_("To allow it, add an alias with this address that forwards to the mailbox.")),
        "Sender address rejected: not owned by user",
    ),
    refusal(
        "senders.not_signed_in",
        _("Mail was refused because the mail program didn't sign in."),
        Remedy(_("In the mail program, turn on authentication for the outgoing server.")),
        "Sender address rejected: not logged in",
    ),
)
DELIVERY = (
    fault(
        "milters.silent",
        _("A mail filter (milter) doesn't answer, so Postfix accepts no mail, or waits for it."),
        Remedy(
            _("Start the filter, or remove it from main.cf. This shows what is set there now:"),
            "postconf smtpd_milters non_smtpd_milters milter_default_action",
        ),
        "warning: milter ",
        "warning: connect to Milter service",
    ),
    fault(
        "delivery.filter",
        _("Mail waits for a filter on this machine (content_filter) that doesn't answer."),
        Remedy(
            _(
                "Start the filter, then run “postqueue -f”. If you don't need it, take it out and "
                "put all mail through the queue again:"
            ),
            "postconf -X content_filter && systemctl restart postfix && postsuper -r ALL",
        ),
        "status=deferred (connect to 127.0.0.1[127.0.0.1]:",
        "status=deferred (connect to localhost[127.0.0.1]:",
        "status=deferred (connect to localhost[::1]:",
    ),
    fault(
        "delivery.full",
        _("No mail can be stored, because the disk is full."),
        Remedy(_("Make room. This shows how full the disks are:"), "df -h; df -i"),
        "No space left on device",
        "Insufficient system storage",
        "not enough free space in mail queue",
        "Disk quota exceeded",
    ),
    fault(
        "delivery.read_only",
        _("No mail can be stored, because the disk can only be read."),
        Remedy(
            _(
                "If dmesg names no error of the disk, remount it read-write. This shows which one "
                "it is:"
            ),
            "findmnt --options ro --types nosquashfs",
        ),
        "Read-only file system",
    ),
    fault(
        "ports.process_limit",
        _("More clients are connected to a port than Postfix has processes for, so others wait."),
        Remedy(
            _("Raise the limit, then restart Postfix. This sets the default again:"),
            "postconf -X default_process_limit && systemctl restart postfix",
        ),
        "has reached its process limit",
    ),
    fault(
        "delivery.service",
        _("master.cf lacks the service that delivers mail, or it doesn't start."),
        EXAMINE,
        "connect to transport private/",
        "mail transport unavailable",
        "unknown mail transport error",
    ),
    fault(
        "ports.mechanisms",
        _("Postfix has no mechanism for signing in, so it closes the connection."),
        EXAMINE,
        "no SASL authentication mechanisms",
    ),
    fault(
        "ports.certificate",
        _("Postfix can't use its certificate or key, so there is no TLS and nobody can sign in."),
        Remedy(
            _("Correct the files, or their paths in .env (MAIL_TLS_CERT, MAIL_TLS_KEY), then run:"),
            APPLY_AND_RESTART.command,
        ),
        "disabling TLS support",
        "error opening chain file",
        "cannot get …certificate",
        "cannot load …certificate",
        "cannot get …private key",
    ),
    fault(
        "folders.permission",
        _("Mail can't be stored or read, because its folder belongs to another user."),
        Remedy(_("Apply says which folder it is, and how to change its owner:"), APPLY.command),
        "maildir delivery failed…Permission denied",
        "maildir access problem…Permission denied",
        "failed: Permission denied (euid=",
    ),
    refusal(
        "mailboxes.full",
        _("A mailbox is full."),
        Remedy(_("Raise its quota on the mailbox's page, or let its owner delete mail.")),
        "uota exceeded",
        "mailbox is full",
    ),
)
SIGNATURES = (*LOOKUPS, *RECIPIENTS, *DELIVERY)
