"""What breaks a mail host, and the findings that name it; docs/doctor.md lists them."""

from dataclasses import dataclass

MAPS = "/etc/postfix/mailadmin"
DOVECOT = "/etc/dovecot/conf.d/99-mailadmin.conf"
SOCKETS = "/var/spool/postfix/private"

# A reload lets an smtpd go on with the old settings for a moment.
RESTART = "; systemctl reset-failed; systemctl restart postfix"


@dataclass(frozen=True)
class Fault:
    """A command that breaks the host, and the codes of the findings that must name it.

    If the finding's own command isn't run (`mend`), another test runs one of this kind.
    """

    breaks: str
    codes: tuple[str, ...]
    mend: bool = False


V1: dict[str, Fault] = {
    "saslauthd is stopped and masked": Fault(
        "systemctl mask --now saslauthd", ("saslauthd.stopped",), mend=True
    ),
    "a map's file can't be read": Fault(
        f"chmod 0600 {MAPS}/aliases.cf; chown root {MAPS}/aliases.cf",
        ("maps.permission",),
        mend=True,
    ),
    "the PAM file is misnamed": Fault(
        "mv /etc/pam.d/smtp /etc/pam.d/smtpd", ("pam.file",), mend=True
    ),
    "the user postfix isn't in the group sasl": Fault(
        "gpasswd -d postfix sasl; systemctl restart postfix", ("saslauthd.group",), mend=True
    ),
    "saslauthd lacks -r": Fault(
        "sed -i 's/-r //' /etc/default/saslauthd; systemctl restart saslauthd",
        ("saslauthd.realm", "saslauthd.answer"),
    ),
    "saslauthd has -c": Fault(
        "sed -i 's/-m /-c -m /' /etc/default/saslauthd; systemctl restart saslauthd",
        ("saslauthd.cache",),
    ),
    "a map's file is missing": Fault(f"rm {MAPS}/aliases.cf", ("maps.missing",)),
    "crypt= is another scheme": Fault(
        "sed -i 's/crypt=[0-9]/crypt=1/' /etc/pam.d/smtp", ("pam.scheme",)
    ),
    "smtpd.conf is misnamed": Fault(
        "cd /etc/postfix/sasl && mv smtpd.conf smtpd; systemctl restart postfix",
        ("saslauthd.smtpd_conf",),
    ),
    "postfix-mysql is missing": Fault(
        "sed -i /^mysql/d /etc/postfix/dynamicmaps.cf /etc/postfix/dynamicmaps.cf.d/*; "
        "systemctl restart postfix",
        ("maps.package",),
    ),
    "the PAM file has no account line": Fault(
        "sed -i /^account/d /etc/pam.d/smtp", ("pam.account",)
    ),
    "saslauthd has -a shadow": Fault(
        "sed -i 's/^MECHANISMS=.*/MECHANISMS=shadow/' /etc/default/saslauthd; "
        "systemctl restart saslauthd",
        ("saslauthd.mechanism",),
    ),
    "the PAM module's configuration is missing": Fault(
        "rm /etc/mailadmin-pam-mysql.conf", ("pam.database",)
    ),
    "Postfix can't enter the folder of saslauthd's socket": Fault(
        "chmod 0700 /var/spool/postfix/var/run/saslauthd", ("saslauthd.permission",), mend=True
    ),
    "accounts may not read a table or a column": Fault(
        'mariadb mail -e "REVOKE SELECT (alias_domain, target_domain, active) ON alias_domain '
        "FROM mail_lookup@localhost, mail_lookup@'127.0.0.1'; "
        "REVOKE SELECT (smtp_active) ON mailbox FROM mail_auth@localhost, mail_auth@'127.0.0.1'\"",
        ("database.lookup.grant", "database.auth.grant", "maps.grant"),
        mend=True,
    ),
    "signing in isn't offered": Fault(
        "postconf -P submission/inet/smtpd_sasl_auth_enable=no" + RESTART, ("ports.587.auth",)
    ),
    "Postfix relays for its networks": Fault(
        "postconf -e 'smtpd_relay_restrictions=permit_mynetworks,reject_unauth_destination' "
        "mynetworks=127.0.0.0/8" + RESTART,
        ("ports.25.relay",),
    ),
    "the sender maps are gone": Fault(
        "postconf -e smtpd_sender_login_maps=" + RESTART, ("ports.465.sender",)
    ),
    "the key doesn't fit the certificate": Fault(
        "cd /root; openssl genrsa -out other.key 2048; postconf -e "
        "smtpd_tls_key_file=/root/other.key; systemctl restart postfix",
        ("ports.587.key", "ports.465"),
        mend=True,
    ),
    "Postfix only listens to its own machine": Fault(
        "postconf -e inet_interfaces=loopback-only" + RESTART, ("ports.local",), mend=True
    ),
    "a mail filter doesn't answer": Fault(
        "postconf -e 'content_filter=smtp:[127.0.0.1]:10024'; systemctl restart postfix",
        ("delivery.deferred",),
        mend=True,
    ),
    "pam_mysql.so is missing": Fault(
        "for f in /lib/*/security/pam_mysql.so; do mv $f /root/; done",
        ("pam.module", "pam.package"),
    ),
    "collations differ": Fault(
        "mariadb mail -e 'ALTER TABLE alias_domain CONVERT TO CHARACTER SET latin1 "
        "COLLATE latin1_swedish_ci'",
        ("maps.collation",),
        mend=True,
    ),
    "an option in master.cf has blanks around its =": Fault(
        "sed -i 's/-o smtpd_tls_wrappermode=yes/-o smtpd_tls_wrappermode = yes/' "
        "/etc/postfix/master.cf; systemctl restart postfix",
        ("ports.options",),
        mend=True,
    ),
    "a column is too short for hashes": Fault(
        "mariadb mail -e 'ALTER TABLE mailbox MODIFY password varchar(250) CHARACTER SET latin1 "
        "COLLATE latin1_general_ci NOT NULL'",
        ("tables.length",),
        mend=True,
    ),
    "a trigger's account is gone": Fault(
        "mariadb mail -e 'DROP TRIGGER lookup_domain_deleted; CREATE DEFINER=gone@localhost "
        "TRIGGER lookup_domain_deleted AFTER DELETE ON domain FOR EACH ROW SET @gone = 1'",
        ("tables.triggers",),
        mend=True,
    ),
    "a service isn't started at boot": Fault(
        "systemctl disable postfix", ("drift.boot",), mend=True
    ),
    "the panel's own account has another password": Fault(
        "mariadb -e \"ALTER USER panel@localhost IDENTIFIED BY 'x'\"",
        ("database.panel",),
        mend=True,
    ),
    "the database is stopped": Fault(
        "systemctl stop mariadb", ("database.unreachable",), mend=True
    ),
    "Postfix is stopped": Fault("systemctl stop postfix", ("maps.stopped",), mend=True),
    "saslauthd hangs": Fault("pkill -STOP saslauthd", ("saslauthd.timeout",), mend=True),
}
V2: dict[str, Fault] = {
    "Dovecot is stopped": Fault("systemctl stop dovecot", ("dovecot.stopped",), mend=True),
    "Dovecot's configuration has a mistake": Fault(
        f"echo nonsense=1 >>{DOVECOT}; systemctl restart dovecot",
        ("dovecot.configuration", "dovecot.stopped"),
        mend=True,
    ),
    "Dovecot's listener has the wrong owner": Fault(
        f"sed -i '/private.auth {{/,/}}/s/= postfix/= root/' {DOVECOT}; systemctl restart dovecot",
        ("dovecot.permission",),
    ),
    "Dovecot hangs": Fault("pkill -STOP -f '[d]ovecot'", ("dovecot.socket",), mend=True),
    "the password of an account was changed": Fault(
        "mariadb -e \"ALTER USER mail_auth@localhost IDENTIFIED BY 'x'; "
        "ALTER USER mail_auth@'127.0.0.1' IDENTIFIED BY 'x'\"; systemctl restart dovecot",
        ("database.auth.refused",),
        mend=True,
    ),
    "an account is locked": Fault(
        'mariadb -e "ALTER USER mail_lookup@localhost ACCOUNT LOCK; '
        "ALTER USER mail_lookup@'127.0.0.1' ACCOUNT LOCK\"; systemctl restart postfix",
        ("database.lookup.locked",),
        mend=True,
    ),
    "a trigger refuses new mailboxes": Fault(
        'mariadb mail -e "CREATE TRIGGER no BEFORE INSERT ON mailbox FOR EACH ROW '
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'\"",
        ("database.canary",),
        mend=True,
    ),
    "Dovecot doesn't listen for deliveries": Fault(
        f"sed -i s#private/mailadmin-lmtp#private/other# {DOVECOT}; systemctl restart dovecot; "
        f"rm -f {SOCKETS}/mailadmin-lmtp",
        ("dovecot.permission", "dovecot.lmtp"),
    ),
    "Dovecot may not write the folder": Fault(
        "mkdir -p /var/vmail/example.test/anna/cur; chown -R root:root /var/vmail; "
        "chmod 0755 /var/vmail",
        ("ports.993.inbox", "tables.folders.owner"),
        mend=True,
    ),
    "another file of Dovecot undoes the panel's settings": Fault(
        "echo 'mail_path = ~/elsewhere' >/etc/dovecot/conf.d/99-zz-local.conf; "
        "systemctl restart dovecot",
        ("dovecot.settings",),
        mend=True,
    ),
    "master.cf lacks a service that mail needs": Fault(
        "sed -i 's/^lmtp /#&/' /etc/postfix/master.cf; systemctl restart postfix",
        ("delivery.service", "delivery.deferred"),
        mend=True,
    ),
    "Dovecot may not write usage": Fault(
        'mariadb -e "REVOKE INSERT, UPDATE ON mail.quota2 FROM mail_auth@localhost, '
        "mail_auth@'127.0.0.1'\"",
        ("database.usage",),
        mend=True,
    ),
    "another program has a port of Dovecot": Fault(
        "systemctl stop dovecot; systemd-run --quiet --unit=other python3 -m http.server 993; "
        "until ss -Hltn | grep -q :993; do sleep .1; done; systemctl restart dovecot",
        ("dovecot.stopped",),
        mend=True,
    ),
    "master.cf turns off aliases": Fault(
        "postconf -P cleanup/unix/virtual_alias_maps=; systemctl restart postfix",
        ("delivery.lost",),
        mend=True,
    ),
    "smtpd_sasl_type is wrong": Fault(
        "postconf -e smtpd_sasl_type=cyrus; systemctl restart postfix",
        ("ports.587.mechanisms", "ports.587.sign_in", "ports.465.mechanisms", "ports.465.sign_in"),
    ),
}
TOGETHER = (
    *("the password", "an account", "a trigger", "another file", "master.cf"),
    "Dovecot may not write usage",
    *("smtpd_sasl_type", "master.cf turns off aliases"),
)
# What is seen beside each other is broken at once.
ROUNDS = {
    "v1": (
        ("saslauthd is stopped and masked",),
        (
            "a map's file can't be read",
            "the PAM file is misnamed",
            "the user postfix isn't in the group sasl",
        ),
        ("saslauthd lacks -r", "saslauthd has -c", "a map's file is missing"),
        ("crypt= is another scheme", "smtpd.conf is misnamed", "postfix-mysql is missing"),
        ("the PAM file has no account line", "saslauthd has -a shadow"),
        (
            "the PAM module's configuration is missing",
            "Postfix can't enter the folder of saslauthd's socket",
            "accounts may not read a table or a column",
        ),
        (
            "signing in isn't offered",
            "Postfix relays for its networks",
            "the sender maps are gone",
        ),
        (
            "the key doesn't fit the certificate",
            "Postfix only listens to its own machine",
            "a mail filter doesn't answer",
        ),
        (
            "pam_mysql.so is missing",
            "collations differ",
            "an option in master.cf has blanks around its =",
            "a column is too short for hashes",
            "a trigger's account is gone",
            "a service isn't started at boot",
        ),
        ("the panel's own account has another password",),
        ("the database is stopped",),
        ("Postfix is stopped", "saslauthd hangs"),
    ),
    "v2": (
        (
            "the password of an account was changed",
            "an account is locked",
            "a trigger refuses new mailboxes",
        ),
        (
            "another file of Dovecot undoes the panel's settings",
            "master.cf lacks a service that mail needs",
            "Dovecot may not write usage",
        ),
        ("smtpd_sasl_type is wrong", "master.cf turns off aliases"),
        *((name,) for name in V2 if not name.startswith(TOGETHER)),
    ),
}
FAULTS = {"v1": V1, "v2": V2}
