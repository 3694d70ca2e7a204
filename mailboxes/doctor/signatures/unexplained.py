"""Lines that say what happened, but not why."""

from django.utils.translation import gettext_lazy as _

from mailboxes.doctor.signatures.remedies import EXAMINE, ON_ITS_PAGE, RESTART_BOTH
from mailboxes.doctor.signatures.signature import fault, refusal

SIGNATURES = (
    fault(
        "sign_ins.failed",
        _("A password couldn't be checked, because the service that checks it didn't answer."),
        EXAMINE,
        "SASL … authentication failed: generic failure",
        "SASL … authentication failed: Connection lost",
        "pam_authenticate failed: Error in service module",
        "pam_authenticate failed: Authentication service cannot",
    ),
    refusal(
        "sign_ins.refused",
        _("A sign-in was refused: a wrong password, an unknown address or a disabled mailbox."),
        ON_ITS_PAGE,
        "SASL … authentication failed: ",
        "-login: …(auth failed",
    ),
    fault(
        "dovecot.crash",
        _("A process of Dovecot crashed."),
        RESTART_BOTH,
        "child …killed with signal",
        "Worker process died unexpectedly",
    ),
    fault(
        "postfix.fatal",
        _("A process of Postfix ended. The line says why."),
        EXAMINE,
        "postfix…]: fatal: ",
        "postfix…]: panic: ",
        "bad command startup -- throttling",
    ),
    fault(
        "dovecot.fatal",
        _("A process of Dovecot ended. The line says why."),
        EXAMINE,
        "dovecot…: Fatal: ",
        "dovecot…: Panic: ",
        "command startup failed, throttling",
    ),
)
