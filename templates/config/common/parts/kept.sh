# --- What --keep does ----------------------------------------------------------------------------

# NAME OURS: the value in main.cf that also serves what this host serves already.
beside() {
    case $1 in
        mydestination|virtual_alias_domains|virtual_alias_maps|virtual_mailbox_domains|\
        virtual_mailbox_maps|relay_domains|smtpd_sender_login_maps)
            with_theirs "$1" "$2" ;;
        transport_maps) with_theirs "$1" "$2, $delivery" ;;
        relay_recipient_maps) with_theirs "$1" "$2$(other_recipients)" ;;
        virtual_transport|virtual_mailbox_base|virtual_uid_maps|virtual_gid_maps|virtual_mailbox_limit)
            conf -h "$1" ;;
        parent_domain_matches_subdomains)
            if [ -n "$(theirs relay_domains)" ]; then conf -h "$1"; else say "$2"; fi ;;
        smtpd_relay_restrictions) with_refusals "${2#*reject_unauth_destination, }" ;;
        smtpd_tls_auth_only) if [ -n "$cleartext" ]; then conf -h "$1"; else say "$2"; fi ;;
        smtpd_sasl_auth_enable) conf -h "$1" ;;
        # Each character of it is a delimiter.
        recipient_delimiter) printf '%s%s\n' "$(conf -h "$1" | tr -d "$2")" "$2" ;;
        *) say "$2" ;;
    esac
}

# OURS: the host's rules and after them the panel's refusals, but before what accepts mail for this host.
with_refusals() {
    conf -h smtpd_relay_restrictions | without_refusals | sed 's/^[ ,]*//; s/[ ,]*$//' | awk -v ours="$1" '
        match($0, /(^|[ ,\t])permit(_auth_destination|_mx_backup)?([ ,\t]|$)/) {
            before = substr($0, 1, RSTART - (RSTART == 1))
            print before ours ", " substr($0, RSTART + (RSTART > 1))
            next
        }
        { print $0 ($0 == "" ? "" : ", ") ours }'
}

# NAME OURS: the same for an option of $service in master.cf, if it has been there.
option_beside() {
    case $1 in
        smtpd_tls_security_level) case " $cleartext " in
            *" $service "*) conf -Ph "$service/$1" ;;
            *) say "$2" ;;
        esac ;;
        smtpd_relay_restrictions) case $(option "$1") in
            *permit_sasl_authenticated*) conf -Ph "$service/$1" ;;
            *) say "permit_sasl_authenticated,$(option "$1" | words | paste -s -d, -)" ;;
        esac ;;
        smtpd_sender_restrictions)
            { senders "$2"; option "$1" | sender_rules; } | grep . | paste -s -d, - ;;
        *) say "$2" ;;
    esac
}

# Ours first: a regular expression of others may match addresses of the panel, too. What fails in a group
# ends it (set -e), and the list with it.
with_theirs() { # NAME OURS
    { say "$2"; theirs "$1" || true; } | joined
}

# Postfix has only one virtual_transport, which others may use, and the transport maps of others may say
# where all mail goes ("*", or a regular expression): the panel's domains have a map of their own.
choose_delivery() {
    delivery=
    [ "$choice" = keep ] || return 0
    delivery=proxy:{{ host.database.engine }}:/etc/postfix/mailadmin/kept_transports.cf
}

build_delivery() {
    case $(conf -h transport_maps)$delivery in
        *:/etc/postfix/mailadmin/*) [ -n "$(ours transport_maps)" ] ||
            set_main transport_maps "$(with_theirs transport_maps "$delivery")" ;;
    esac
    build_own_transport
    # virtual(8) opens the maps itself, and may not read the panel's SQLite database.
    conf -M | awk '$8 == "virtual" && $1 != "mailadmin" { print $1 "/" $2 }' >"$new/services"
    while read -r service <&4; do
        if [ -n "$delivery" ]; then
            set_option "virtual_mailbox_maps=$(theirs virtual_mailbox_maps | paste -s -d, -)"
        elif [ -e "/$kept" ]; then
            drop_option virtual_mailbox_maps
        fi
    done 4<"$new/services"
}

drop_own_transport() {
    [ -n "$(conf -M mailadmin/unix)" ] || return 0
    say "postconf -MX mailadmin/unix"
    conf -MX mailadmin/unix
}

drop_option() { # NAME
    case $(conf -P "$service/$1") in
        *=*)
            say "postconf -PX '$service/$1'"
            conf -PX "$service/$1" ;;
    esac
}

# Relayed domains of others without a list of recipients accept all, also beside a list of ours.
other_recipients() {
    if [ -n "$(theirs relay_recipient_maps)" ] || [ -z "$(theirs relay_domains)" ]; then return 0; fi
    say ", proxy:{{ host.database.engine }}:/etc/postfix/mailadmin/other_recipients.cf"
}

# A sample of what is kept: for each domain an address that nearly each has, any other, and one in a
# subdomain; and addresses from the maps. Which of them exist, port 25 knows.
kept_addresses() {
    say "postmaster@$own_name"
    sort -u "$new/served-domains" | head -n 10 | while read -r domain; do
        printf '%s\n' "postmaster@$domain" "${nobody%@*}@$domain" "${nobody%@*}@any.$domain"
    done
    sort -u "$new/kept-mailboxes"
}

build_kept() {
    cat >"$new/kept" <<'END'
# This host also serves what it served before "apply --keep" (mailadmin). Without options, apply keeps
# it; "apply --take-over" ends that and removes this file.
END
}
