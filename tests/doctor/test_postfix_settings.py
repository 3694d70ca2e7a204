"""Which values of main.cf and master.cf are as exported, also after `apply --keep`."""

import pytest

from mailboxes.doctor.postfix_settings import (
    check_overrides,
    exported_options,
    fits,
    same_option,
    words,
)

OURS = {
    "mydestination": "$myhostname, localhost.$mydomain, localhost",
    "relay_domains": "proxy:mysql:/etc/postfix/mailadmin/relay_domains.cf",
    "transport_maps": "proxy:mysql:/etc/postfix/mailadmin/transports.cf",
    "virtual_transport": "virtual",
    "parent_domain_matches_subdomains": "mynetworks, smtpd_access_maps",
    "recipient_delimiter": "+",
    "smtpd_sasl_auth_enable": "no",
    "smtpd_tls_auth_only": "yes",
    "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination, "
    "check_recipient_access proxy:mysql:/etc/postfix/mailadmin/undeliverable.cf, "
    "check_policy_service { unix:private/quota-status, timeout=10s, default_action=DUNNO }",
}
KEPT = {
    "mydestination": "local.example, $myhostname, localhost.$mydomain, localhost",
    "relay_domains": "relayed.example, proxy:mysql:/etc/postfix/mailadmin/relay_domains.cf",
    "transport_maps": "proxy:mysql:/etc/postfix/mailadmin/transports.cf, "
    "proxy:mysql:/etc/postfix/mailadmin/kept_transports.cf, hash:/etc/postfix/transport",
    "virtual_transport": "lmtp:unix:private/other",
    "parent_domain_matches_subdomains": "relay_domains",
    "recipient_delimiter": "-+",
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_tls_auth_only": "no",
    "smtpd_relay_restrictions": "permit_mynetworks, " + OURS["smtpd_relay_restrictions"],
}
UNDONE = {
    "mydestination": "$myhostname, localhost",
    "relay_domains": "relayed.example",
    "transport_maps": "hash:/etc/postfix/transport",
    "recipient_delimiter": "-",
    "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
}


@pytest.mark.parametrize("name", OURS)
def test_what_keep_makes_of_a_setting_fits(name: str) -> None:
    assert fits(name, OURS[name], OURS)
    assert fits(name, OURS[name], KEPT)


@pytest.mark.parametrize("name", UNDONE)
def test_a_setting_that_lacks_ours_does_not_fit_even_after_keep(name: str) -> None:
    assert not fits(name, OURS[name], UNDONE)


def test_another_transport_fits_only_beside_a_map_that_takes_its_place() -> None:
    assert not fits("virtual_transport", "virtual", {**KEPT, "transport_maps": "hash:/x"})


def test_blanks_and_line_breaks_in_a_list_make_no_difference() -> None:
    assert words("a,b  { unix:c,\n  d=e }") == words("a, b, { unix:c, d=e }") != words("a b")
    assert words("") == []


def test_options_belong_to_the_name_that_the_service_has_here() -> None:
    text = "# x\nsubmissions inet n - y - - smtpd\n  -o smtpd_tls_wrappermode=yes\n"
    wanted = {"smtpd_tls_wrappermode": "yes"}
    assert exported_options(text, {"smtps/inet"}) == {"smtps/inet": wanted}
    assert exported_options(text, set()) == {"submissions/inet": wanted}


def test_those_who_are_kept_may_send_and_everybody_else_is_checked() -> None:
    name, ours = "smtpd_sender_restrictions", "reject_sender_login_mismatch"
    kept = "check_sasl_access,pipemap:{proxy:mysql:/x.cf,static:reject_sender_login_mismatch},y"
    assert same_option(name, ours, kept, kept=True)
    assert not same_option(name, ours, kept, kept=False)
    assert not same_option(name, ours, "", kept=True)


@pytest.mark.parametrize(
    ("option", "value", "kept", "is_named"),
    [
        ("smtp/inet/smtpd_sasl_auth_enable", "yes", False, True),
        ("smtp/inet/smtpd_sasl_auth_enable", "yes", True, False),
        ("smtp/inet/smtpd_sasl_auth_enable", "no", False, False),
        ("submission/inet/smtpd_sasl_type", "cyrus", True, True),
        ("submission/inet/mydestination", KEPT["mydestination"], True, False),
        ("submission/inet/mydestination", KEPT["mydestination"], False, True),
        ("submission/inet/smtpd_sasl_auth_enable", "yes", False, False),
        ("127.0.0.1:10025/inet/smtpd_relay_restrictions", "permit_mynetworks", False, False),
        ("smtp/inet/smtpd_client_restrictions", "reject", False, False),
        ("virtual/unix/recipient_delimiter", "-", False, True),
        ("pre-cleanup/unix/recipient_delimiter", "-", False, False),
        ("virtual/unix/recipient_delimiter", "-", True, False),
    ],
)
def test_options_that_undo_main_cf_on_the_way_to_a_mailbox_are_named(
    option: str, value: str, kept: bool, is_named: bool
) -> None:
    wanted = OURS | {"smtpd_sasl_type": "dovecot"}
    exported = {"submission/inet": {"smtpd_sasl_auth_enable": "yes"}}
    found = [each.code for each in check_overrides(wanted, exported, {option: value}, kept)]
    assert found == (["drift.override"] if is_named else [])


def test_keep_leaves_what_port_587_did_and_adds_ours() -> None:
    relay, ours = "smtpd_relay_restrictions", "permit_sasl_authenticated,reject"
    assert same_option(relay, ours, "permit_mynetworks,permit_sasl_authenticated,reject", kept=True)
    assert same_option("smtpd_tls_security_level", "encrypt", "may", kept=True)
    assert not same_option("smtpd_tls_security_level", "encrypt", "may", kept=False)
    assert not same_option(relay, ours, "permit_mynetworks,reject", kept=True)


def test_a_service_may_keep_its_name_in_the_log() -> None:
    assert same_option("syslog_name", "postfix/submission", "postfix/own", kept=False)
    assert not same_option("syslog_name", "postfix/submission", "", kept=False)
