"""A mail host that already serves domains, mailboxes and users of its own before `apply` runs."""

from tests.mailhost import MailHost, Person

OTTO = Person("otto@old.example", "four words of another")
"""A mailbox that the panel doesn't know, in Dovecot's own file of users."""

POSTFIX = """\
set -e
cd /etc/postfix
useradd --uid 2000 oldmail
install -d -o oldmail -g oldmail /srv/mail
install -d -o oldmail -g oldmail -m 0770 /srv/mail/indexes
useradd --create-home --groups oldmail lisa
printf 'old.example x\\n' >vhosts
printf 'otto@old.example old.example/otto/\\n' >vmailbox
printf 'info@forwarded.example otto@old.example\\n' >virtual
cat >transport <<'END'
relayed.example smtp:[192.0.2.9]
local.example :
old.example :
* smtp:[192.0.2.50]
END
printf '/^bob@/ smtp:[192.0.2.50]\\n' >routes
printf '/^inland\\.example$/ x\\n' >relays
printf 'bob@example.test root\\n' >copies
printf '192.0.2.7 REJECT\\n' >clients
postmap vhosts vmailbox virtual transport copies
postconf -e \\
    'mydestination = $myhostname, local.example, localhost' \\
    'virtual_alias_domains = forwarded.example' \\
    'virtual_alias_maps = hash:/etc/postfix/virtual' \\
    'virtual_mailbox_domains = hash:/etc/postfix/vhosts' \\
    'virtual_mailbox_maps = hash:/etc/postfix/vmailbox' \\
    'virtual_mailbox_base = /srv/mail' \\
    'virtual_uid_maps = static:2000' 'virtual_gid_maps = static:2000' \\
    'mailbox_transport = lmtp:unix:private/dovecot-lmtp' \\
    'relay_domains = relayed.example, regexp:/etc/postfix/relays' \\
    'transport_maps = hash:/etc/postfix/transport regexp:/etc/postfix/routes' \\
    'smtpd_relay_restrictions = permit_mynetworks, permit_auth_destination, reject' \\
    'smtpd_client_restrictions = check_client_access cidr:/etc/postfix/clients' \\
    'smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination' \\
    'recipient_bcc_maps = hash:/etc/postfix/copies' 'masquerade_domains = corp.example' \\
    'mynetworks = 127.0.0.0/8 [::1]/128 10.9.0.0/16' \\
    'proxy_read_maps = $local_recipient_maps $virtual_mailbox_maps $transport_maps'
postconf -M '127.0.0.1:10025/inet = 127.0.0.1:10025 inet n - n - - smtpd'
postconf -P 127.0.0.1:10025/inet/smtpd_recipient_restrictions=permit_mynetworks,reject
postconf -M '127.0.0.1:10026/inet = 127.0.0.1:10026 inet n - n - - smtpd'
postconf -P 127.0.0.1:10026/inet/content_filter=
postconf -M '127.0.0.1:10027/inet = 127.0.0.1:10027 inet n - n - - smtpd'
postconf -P 127.0.0.1:10027/inet/smtpd_client_restrictions=permit_sasl_authenticated,reject
postfix reload
"""
"""On port 10026 a content filter hands mail back; on 10027 nobody sends who hasn't signed in."""

SUBMISSION = """\
set -e
cd /etc/postfix
printf 'sold@old.example REJECT\\n' >senders
printf 'otto@old.example otto@old.example\\n' >logins
postmap senders logins
postconf -e smtpd_sasl_type=dovecot smtpd_sasl_path=private/own-auth
postconf -M 'submission/inet = submission inet n - y - - smtpd'
postconf -P submission/inet/smtpd_sasl_auth_enable=yes submission/inet/syslog_name=postfix/own \\
    submission/inet/smtpd_relay_restrictions=permit_mynetworks,permit_sasl_authenticated,reject \\
    submission/inet/smtpd_sender_login_maps=hash:/etc/postfix/logins \\
    submission/inet/smtpd_sender_restrictions=\
warn_if_reject,reject_sender_login_mismatch,check_sender_access,hash:/etc/postfix/senders
postfix reload
"""
"""Port 587, also without TLS. (V1 can't keep other passwords.)"""

DOVECOT = """\
set -e
chmod 0640 /etc/dovecot/users; chgrp dovecot /etc/dovecot/users
cat >/etc/dovecot/conf.d/zz-own.conf
systemctl restart dovecot
"""
SOCKETS = """\
service auth {
  unix_listener /var/spool/postfix/private/own-auth {
    mode = 0666
  }
}
service lmtp {
  unix_listener /var/spool/postfix/private/dovecot-lmtp {
    mode = 0600
    user = postfix
    group = postfix
  }
}
"""
USERS = """\
import sqlite3, sys
with sqlite3.connect("/etc/dovecot/users.sqlite") as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS users (name, password, path)")
    connection.execute("DELETE FROM users")
    for address, password in zip(sys.argv[1::2], sys.argv[2::2]):
        local_part, domain = address.split("@")
        row = (address, f"{{PLAIN}}{password}", f"{domain}/{local_part}")
        connection.execute("INSERT INTO users VALUES (?, ?, ?)", row)
"""
DOVECOTS = {
    "debian12": """\
auth_mechanisms = plain login cram-md5
protocols = imap lmtp
mail_location = maildir:~
first_valid_uid = 150
last_valid_uid = 4000
protocol lmtp {
  auth_username_format = %Ln
}
passdb {
  driver = passwd-file
  args = /etc/dovecot/users
}
userdb {
  driver = static
  args = uid=2000 gid=2000 home=/srv/mail/%d/%n
}
remote 127.0.0.0/8 {
  disable_plaintext_auth = no
}
service auth-worker {
  user = oldmail
}
plugin {
  quota_rule2 = *:bytes=1
  quota2 = count:Others
}
""",
    "debian13": """\
auth_mechanisms = plain login cram-md5
mail_driver = maildir
first_valid_uid = 150
last_valid_uid = 4000
mail_path = ~
mail_inbox_path = ~
mail_index_path = /srv/mail/indexes/%{user}
auth_cache_size = 10M
quota "Own" {
  driver = count
  storage_size = 1B
}
sql_driver = sqlite
sqlite_path = /etc/dovecot/users.sqlite
passdb sql {
  query = SELECT name AS user, password FROM users WHERE name = '%{user}'
}
userdb sql {
  query = \
    SELECT name AS user, 2000 AS uid, 2000 AS gid, '/srv/mail/' || path AS home \
    FROM users WHERE name = '%{user}'
}
remote 127.0.0.0/8 {
  auth_allow_cleartext = yes
}
""",
}
OTHERS = (
    *("lisa@local.example", "info@forwarded.example", OTTO.address),
    *("any@relayed.example", "any@sub.relayed.example", "any@inland.example"),
)
"""Addresses whose mail this host accepts before the panel comes."""

SENTENCES = (
    "- The mail for local.example is delivered to this host's own users (mydestination): it would ",
    "- The mail for forwarded.example is forwarded (virtual_alias_domains): it would be refused.",
    "- The mail for old.example is delivered by virtual (virtual_mailbox_domains): it would be"
    " refused.",
    "- The mail for relayed.example and those domains in regexp:/etc/postfix/relays that the panel"
    " doesn't have is relayed to another host (relay_domains): it would be refused.",
    "- Where mail for local.example, old.example, relayed.example, all others goes is decided by"
    " hash:/etc/postfix/transport, regexp:/etc/postfix/routes (transport_maps): this would no"
    " longer count.",
    "- Mail is forwarded by hash:/etc/postfix/virtual (virtual_alias_maps: info@forwarded.example)",
    "- Who may relay is decided by permit_mynetworks permit_auth_destination reject (smtpd_relay_",
    "- Clients in 10.9.0.0/16 send without signing in (mynetworks):",
    "- Programs send through port 127.0.0.1:10025 without signing in:",
    "- Programs on this host send through port 25 without signing in:",
)
"""What `apply` says of this host."""

SETTINGS = (
    "- masquerade_domains = corp.example: rewrites senders in subdomains of these",
    "- recipient_bcc_maps = hash:/etc/postfix/copies: sends copies to others, such as"
    " bob@example.test",
)
"""What it says of settings that concern the panel's mail and that it leaves alone."""

SENTENCES_OF_V2 = (
    "- Clients on port submission are checked by check_client_access cidr:/etc/postfix/clients"
    " (smtpd_client_restrictions): those who sign in would not be.",
    "- Clients sign in without TLS on port submission:",
    "- Who may send on port submission is decided by permit_mynetworks permit_sasl_authenticated"
    " reject (smtpd_relay_restrictions):",
    "- The senders on port submission are checked by check_sender_access,hash:/etc/postfix/senders"
    " (smtpd_sender_restrictions):",
    "- Who may send as which address on port submission is decided by hash:/etc/postfix/logins: it",
    "- Dovecot keeps mail in maildir:~: it would only look in /var/vmail.",
    "- Dovecot opens no mail with the uid 5000 (first_valid_uid = 150, last_valid_uid = 4000):",
    "- Dovecot accepts passwords without TLS (remote 127.0.0.0/8): clients that don't use TLS",
    "- Dovecot delivers the mail of this host's own users (mailbox_transport = lmtp:unix:private/",
)

SENTENCES_OF_RELEASES = {
    "debian12": (
        "- Dovecot lets the users in passwd-file /etc/dovecot/users sign in: they could no longer.",
    ),
    "debian13": (
        "- Dovecot lets users in a database of others sign in: they could no longer.",
        "- Dovecot keeps indexes elsewhere (mail_index_path = /srv/mail/indexes/%{user}): they",
    ),
}


def sentences(host: MailHost) -> list[str]:
    """Return what `apply` says of the host; V1 has nothing to do with Dovecot."""
    if host.variant == "v1":
        return [*SENTENCES]
    return [*SENTENCES, *SENTENCES_OF_V2, *SENTENCES_OF_RELEASES[host.release.name]]


def set_users(host: MailHost, *people: Person) -> None:
    """Write down whom Dovecot knows without the panel: in a file, on Debian 13 in a database."""
    if host.release.name == "debian13":
        words = [word for person in people for word in (person.address, person.password)]
        host.machine.run([host.machine.python, "-c", USERS, *words])
    lines = [f"{person.address}:{{PLAIN}}{person.password}\n" for person in people]
    (host.machine / "etc/dovecot/users").write_text("".join(lines))


def make_busy(host: MailHost) -> None:
    set_users(host, OTTO)
    host.machine.run(["sh", "-c", POSTFIX])
    host.machine.run(["sh", "-c", DOVECOT], input=DOVECOTS[host.release.name] + SOCKETS)
    if host.variant == "v2":
        host.machine.run(["sh", "-c", SUBMISSION])
