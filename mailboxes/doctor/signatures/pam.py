"""V1: what saslauthd, PAM and pam_mysql write, and Postfix about them."""

from django.utils.translation import gettext_lazy as _

from mailboxes.doctor.remedies import APPLY, APPLY_AND_RESTART, Remedy, restart
from mailboxes.doctor.signatures.remedies import ON_ITS_PAGE
from mailboxes.doctor.signatures.signature import fault, refusal
from mailboxes.doctor.tables.stored_passwords import NEW

SIGNATURES = (
    fault(
        "saslauthd.permission",
        _("Postfix has no right to use saslauthd's socket."),
        Remedy(
            _("Add Postfix to its group and give the group access, then restart Postfix:"),
            "adduser postfix sasl && chgrp sasl /var/spool/postfix/var/run/saslauthd"
            " && chmod 0710 /var/spool/postfix/var/run/saslauthd && systemctl restart postfix",
        ),
        "cannot connect to saslauthd server: Permission denied",
    ),
    fault(
        "saslauthd.stopped",
        _("saslauthd isn't running, or its socket isn't where Postfix looks for it."),
        restart(_("Start it:"), "saslauthd"),
        "cannot connect to saslauthd server",
    ),
    fault(
        "saslauthd.crash",
        _("saslauthd crashed while it checked a password."),
        restart(_("Restart it:"), "saslauthd"),
        "SASL authentication failure: size read failed",
    ),
    fault(
        "saslauthd.realm",
        _("saslauthd runs without -r, so it asks PAM for “user” instead of “user@domain”."),
        APPLY,
        "auth failure: [user=…] [service=smtp] [realm=",
        excludes=("@", "[realm=]", "[reason=PAM acct error]"),
    ),
    fault(
        "pam.account",
        _("PAM accepts a password, but not the account: /etc/pam.d/smtp has no account line."),
        APPLY,
        "reason=PAM acct error]",
        "pam_unix(smtp:account)",
    ),
    fault(
        "pam.service",
        _("PAM checks passwords against the host's own users: /etc/pam.d/smtp is missing."),
        APPLY,
        "pam_unix(smtp:",
    ),
    fault(
        "pam.module",
        _("PAM can't load a module that /etc/pam.d/smtp names."),
        Remedy(_("Install pam_mysql again:"), "apt-get install --reinstall libpam-mysql"),
        "PAM unable to dlopen(",
        "PAM adding faulty module",
        "pam_authenticate failed: Module is unknown",
    ),
    fault(
        "pam.scheme",
        _("A stored password isn't of the kind that crypt= in /etc/pam.d/smtp expects."),
        NEW,
        "something went wrong when invoking crypt()",
        "non-crypt()ish MD5 hash is not supported",
    ),
    fault(
        "pam.options",
        _("pam_mysql lacks an option: /etc/pam.d/smtp or the file that it names is incomplete."),
        APPLY,
        'pam_mysql…required option "…" is not set',
        "pam_mysql…(using password: NO)",
    ),
    fault(
        "pam.verbose",
        _("pam_mysql writes the password of its database account into the log (verbose=1)."),
        APPLY,
        "pam_mysql - option …passwd is set to",
    ),
    refusal(
        "pam.user",
        _(
            "Somebody tried to sign in with an address that has no active mailbox or that may not "
            "send."
        ),
        ON_ITS_PAGE,
        "pam_mysql - SELECT returned no result",
    ),
    refusal(
        "pam.password",
        _("PAM refused a sign-in: the password is wrong, or the lines before say why."),
        ON_ITS_PAGE,
        "[mech=pam] [reason=PAM auth error]",
    ),
    fault(
        "saslauthd.smtpd_conf",
        _(
            "A client asked for a mechanism that isn't offered, or Postfix doesn't read"
            " /etc/postfix/sasl/smtpd.conf."
        ),
        APPLY_AND_RESTART,
        "SASL authentication failure: Couldn't find mech",
        "SASL … authentication failed: no mechanism available",
        "/etc/sasldb2",
    ),
)
