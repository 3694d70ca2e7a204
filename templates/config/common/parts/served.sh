# --- What this host serves already ---------------------------------------------------------------

kept=etc/postfix/mailadmin/kept     # exists once --keep has been used

serves() { # WHAT THEN: something that would end, and what would happen then
    printf '%s\t%s\n' "$1" "$2" >>"$new/served"
}

cannot_keep() { printf -- '- %s\n' "$*" >>"$new/not-kept"; }

current() { ask_postconf "$new/postconf-now" "" "$@" 2>>"$new/log"; }

ours() { sed -n "s/^$1 = *//p" "$here/postfix/main.cf"; } # NAME: this bundle's value

# One word of a list a line; what is in braces is one word.
words() {
    awk 'function end() { if (word != "") print word; word = "" }
        {
            for (i = 1; i <= length($0); i++) {
                sign = substr($0, i, 1)
                if (sign == "{") depth++
                if (sign == "}") depth--
                if (depth == 0 && sign ~ /[, \t]/) end(); else word = word sign
            }
            end()
        }'
}

joined() { words | awk '{ printf "%s%s", (NR > 1 ? ", " : ""), $0 } END { if (NR) print "" }'; }

# The words of a list in main.cf that are neither this bundle's maps nor an earlier one's, nor the
# recipients that --keep has added.
theirs() { # NAME
    current -hx "$1" | not_ours |
        if [ "$1" = mydestination ]; then without_own_names; else cat; fi
}

not_ours() { words | grep -vE ':/etc/postfix/mailadmin/|^inline:\{\{@'; }

applied_before() { current -h virtual_mailbox_domains | grep -q ':/etc/postfix/mailadmin/'; }

# This host's names, which stand in mydestination without being domains that receive mail: those that
# Debian's installer suggests, unless somebody has mail here. Fails if nothing else stands there.
without_own_names() {
    {
        say "$own_name"
        if ! has_users && ! has_aliases && ! delivers_elsewhere; then
            current -hx myhostname
            applied_before || hostname
            applied_before || hostname -f || true
            # Debian's installer suggests this host's name; another one is a domain, if anybody is there.
            applied_before || has_accounts || cat /etc/mailname || true
        fi
    } >"$new/names" 2>>"$new/log"
    grep -vixF -f "$new/names" | grep -viE '^localhost(\.|$)|(^|\.)localdomain$|^[^.:/]*$'
}

# Whether somebody has had mail here as a user of this host, not only root.
has_users() {
    if find "$(current -hx mail_spool_directory)/" -mindepth 1 -maxdepth 1 ! -name root ! -name mail \
        ! -name nobody ! -name '*.lock' 2>>"$new/log" | grep -q .
    then
        return 0
    fi
    inbox=$(current -hx home_mailbox)
    accounts >"$new/accounts"
    while IFS=: read -r name home <&4; do
        for place in "/var/mail/$name" "$home/${inbox:-Maildir}" "$home/Maildir" "$home/mail" "$home/.forward"; do
            [ ! -e "$place" ] || return 0
        done
    done 4<"$new/accounts"
    return 1
}

# Whether mail for users of this host goes where this can't see it.
delivers_elsewhere() {
    for name in luser_relay mailbox_transport mailbox_transport_maps fallback_transport \
        fallback_transport_maps mailbox_command_maps
    do
        [ -z "$(current -hx "$name")" ] || return 0
    done
    [ -z "$(current -n local_transport)$(current -n local_recipient_maps)" ] || return 0
    [ -z "$(current -hx mailbox_command)" ] || ! has_accounts || return 0
    # A directory may not list its users.
    grep -qE '^passwd:.*[[:blank:]](sss|ldap|winbind|nis|db)' /etc/nsswitch.conf
}

has_accounts() { [ -n "$(accounts)" ]; }

# The people who have an account on this host, with their home directories.
accounts() {
    getent passwd | awk -F: -v mail="$mail_uid" \
        '$3 >= 1000 && $3 != 65534 && $3 != mail { print $1 ":" $6 }'
}

# Whether there are more aliases than those that Debian's packages make: all of them for root.
has_aliases() {
    current -hx alias_maps | words >"$new/alias-maps"
    while read -r map <&4; do
        case ${map#proxy:} in
            hash:*|btree:*|cdb:*|lmdb:*|texthash:*) map=${map#proxy:} ;;
            nis:*) continue ;;      # the default without Debian's main.cf
            *) return 0 ;;
        esac
        if awk -F '[: \t]+' '/^[^# \t]/ && !/^(root|postmaster):/ && $2 !~ /^(root|postmaster)$/ {
                found = 1 } END { exit !found }' "${map#*:}" 2>>"$new/log"
        then
            return 0
        fi
    done 4<"$new/alias-maps"
    return 1
}

# The names in one word of a list, one a line; fails if only Postfix can look them up.
names_in() { # WORD
    map=${1#proxy:}
    case $map in
        /*) sed 's/#.*//' "$map" 2>>"$new/log" | words ;;
        hash:*|btree:*|cdb:*|lmdb:*|texthash:*)
            postmap -s "$map" 2>>"$new/log" | cut -f1 >"$new/keys"
            [ -s "$new/keys" ] || awk '/^[^# \t]/ { print $1 }' "${map#*:}" >"$new/keys" 2>>"$new/log"
            cat "$new/keys" ;;
        *:*) return 1 ;;
        *) say "$1" ;;
    esac
}

# Sorts the names of a list into domains, addresses and maps that cannot be listed.
sort_names() { # NAME
    : >"$new/all"
    : >"$new/maps"
    theirs "$1" >"$new/words" || true
    while read -r word <&3; do
        names_in "$word" >>"$new/all" || say "$word" >>"$new/maps"
    done 3<"$new/words"
    tr '[:upper:]' '[:lower:]' <"$new/all" | sort -u >"$new/sorted"
    grep @ "$new/sorted" >"$new/addresses" || true
    grep -E '^[^!.@/]+\.[^@/]*$' "$new/sorted" >"$new/domains" || true
    if [ "$1" = relay_domains ]; then not_delivered_here; fi
    ask_domains <"$new/domains" >"$new/both"
    also_in_maps >>"$new/both"
    grep -vxF -f "$new/both" "$new/domains" >"$new/others" || true
}

# What is in both lists, such as "relay_domains = $mydestination" of old, is delivered here.
not_delivered_here() {
    current -hx mydestination | words | tr '[:upper:]' '[:lower:]' >"$new/delivered"
    grep -vxF -f "$new/delivered" "$new/domains" >"$new/relayed" || true
    mv "$new/relayed" "$new/domains"
}

# The panel's domains that the maps know, too, as far as check_mail_folders has asked for its mailboxes.
also_in_maps() {
    sed 's/ .*//; s/.*@//' "$new/folders" | sort -u >"$new/sample"
    while read -r map <&4; do
        timeout 10 postmap -q - "${map#proxy:}" <"$new/sample" 2>>"$new/log" | cut -f1 || true
    done 4<"$new/maps"
}

# FILE: "a.example, b.example and 3 more"; --dry-run says them all.
listed() {
    awk -v all="$dry" '{ if (NR <= 5 || all == "yes") text = text (NR > 1 ? ", " : "") $0; else more++ }
        END { print text (more ? " and " more " more" : "") }' "$1"
}

survey_domains() { # NAME HOW THEN
    grep -q "^$1 =" "$here/postfix/main.cf" || return 0
    sort_names "$1"
    cat "$new/others" >>"$new/served-domains"
    others=$(listed "$new/others")
    if [ -s "$new/maps" ]; then
        others="${others:+$others and }those domains in $(listed "$new/maps") that the panel doesn't have"
    fi
    [ -z "$others" ] || serves "The mail for $others is $2 ($1)" "$3"
    survey_both "$1" "$2"
}

survey_both() { # NAME HOW
    [ -s "$new/both" ] || return 0
    both=$(listed "$new/both")
    serves "The mail for $both is $2 ($1), but the panel has the same domain" \
        "it would go where the panel says"
    cannot_keep "The mail for $both can't both be $2 ($1) and go where the panel says:" \
        "take the domain out of $1 or out of the panel."
}

survey_postfix() {
    survey_domains mydestination "delivered to this host's own users" "it would be refused"
    survey_domains virtual_alias_domains "forwarded" "it would be refused"
    survey_domains virtual_mailbox_domains "delivered by $(current -hx virtual_transport)" \
        "it would be refused"
    [ -z "$(current -n relay_domains)" ] ||
        survey_domains relay_domains "relayed to another host" "it would be refused"
    survey_transports
    survey_aliases
    sort_names smtpd_sender_login_maps
    [ ! -s "$new/words" ] || serves "Who may send as which address is also in $(listed "$new/words")" \
        "it would no longer count (smtpd_sender_login_maps)"
    survey_relaying
    survey_sign_ins
    survey_cleartext
    survey_submission
}

survey_transports() {
    sort_names transport_maps
    [ -s "$new/words" ] || return 0
    cat "$new/others" >>"$new/served-domains"
    if grep -qxF '*' "$new/sorted"; then say "all others" >>"$new/others"; fi
    others=$(listed "$new/others")
    serves "Where mail${others:+ for $others} goes is decided by $(listed "$new/words") (transport_maps)" \
        "this would no longer count"
    survey_both transport_maps "routed by a map"
}

survey_aliases() {
    sort_names virtual_mailbox_maps
    head -n 5 "$new/addresses" >>"$new/kept-mailboxes"
    sort_names virtual_alias_maps
    head -n 5 "$new/addresses" >>"$new/kept-mailboxes"
    [ -s "$new/words" ] || return 0
    sample=$(listed "$new/addresses")
    serves "Mail is forwarded by $(listed "$new/words") (virtual_alias_maps${sample:+: $sample})" \
        "it would no longer be"
    taken_addresses >"$new/taken"
    [ -s "$new/taken" ] || return 0
    taken=$(listed "$new/taken")
    serves "Mail to $taken is forwarded (virtual_alias_maps), but the panel has the same address" \
        "it would go where the panel says"
    cannot_keep "Mail to $taken can't both be forwarded (virtual_alias_maps) and go where the panel says:" \
        "take the address out of one of them."
}

# The panel's addresses and catch-alls in the lists of others, and those of the sample in their maps.
taken_addresses() {
    {
        for map in mailboxes aliases; do
            ask_panel "$map" <"$new/addresses"
        done
        sed -n 's/^@//p' "$new/addresses" | ask_domains | sed 's/^/@/'
        while read -r map <&4; do
            sed 's/ .*//' "$new/folders" | timeout 10 postmap -q - "${map#proxy:}" 2>>"$new/log" | cut -f1
        done 4<"$new/maps"
    } | sort -u
}

# Which domains on standard input it has, with mailboxes or relayed.
ask_domains() {
    cat >"$new/asked"
    for map in domains relay_domains; do ask_panel "$map" <"$new/asked"; done
}

ask_panel() { # MAP: which of the keys on standard input it has
    timeout 10 postmap -q - "{{ host.database.engine }}:$here/etc/postfix/mailadmin/$1.cf" 2>>"$new/log" |
        cut -f1
}

# Who may relay, without the panel's own refusals of mail that would be bounced.
restrictions() {
    current -hx smtpd_relay_restrictions | words | paste -s -d' ' - | without_refusals
}

without_refusals() {
    sed 's#,\{0,1\} *check_sender_access [^ ,]*/mailadmin/own_domains\.cf##
        s#,\{0,1\} *check_recipient_access [^ ,]*/mailadmin/undeliverable\.cf##
        s#,\{0,1\} *check_policy_service { *unix:private/quota-status[^}]*}##'
}

# The networks in mynetworks that are not this host.
networks() {
    if [ -n "$(current -n mynetworks)" ] || [ "$(current -hx mynetworks_style)" != host ]; then
        current -hx mynetworks | words | grep -vE '^127\.|^\[::1\]|^\[::ffff:127\.' | joined
    fi
}

survey_relaying() {
    rules=$(restrictions)
    others=
    case " $rules " in *" permit_mynetworks "*) others=$(networks) ;; esac
    [ -z "$others" ] || serves "Clients in $others send without signing in (mynetworks)" \
        "they could only send to domains of this host"
    case $rules in
        "permit_sasl_authenticated reject_unauth_destination"| \
            "permit_mynetworks permit_sasl_authenticated "[dr]*_unauth_destination) ;;
        '') serves "Who may relay is decided by smtpd_recipient_restrictions alone" \
            "only those who have signed in could" ;;
        *) serves "Who may relay is decided by $rules (smtpd_relay_restrictions)" \
            "only those who have signed in could" ;;
    esac
}

# Programs on this host that Debian's default lets send without signing in. Port 25 alone is no reason to
# ask, since nearly no host needs it; but what is kept is said.
survey_programs() {
    case " $(restrictions) " in *" permit_mynetworks "*) ;; *) return 0 ;; esac
    inheriting=
    for service in $(smtpd_services); do
        if others_service && ! has_option smtpd_relay_restrictions && ! reinjects && ! only_signed_in; then
            inheriting="$inheriting $service"
        fi
    done
    [ -z "$inheriting" ] || serves "Programs send through port$(ports "$inheriting") without signing in" \
        "they could only send to domains of this host"
    [ ! -s "$new/served" ] || serves "Programs on this host send through port 25 without signing in" \
        "they would have to sign in or use /usr/sbin/sendmail"
}

smtpd_services() { current -M | awk '$2 == "inet" && $8 == "smtpd" { print $1 "/" $2 }'; }

ports() { say "$1" | sed 's#/inet##g; s/\(.\) /\1, /g'; } # SERVICES of master.cf

# Whether $service is neither port 25 nor one of this bundle's.
others_service() {
    case ${service%/inet} in
        smtp|25|*:smtp|*:25|submission|587|submissions|smtps|465) return 1 ;;
    esac
}

# Whether a content filter hands mail back on $service, as Postfix's and amavis' instructions set it up.
reinjects() {
    case $(current -P "$service/content_filter") in *=*[!\ ]*) return 1 ;; *=*) return 0 ;; esac
    has_option smtpd_authorized_xforward_hosts && return 0
    case $(current -Phx "$service/receive_override_options") in *no_unknown_recipient_checks*) return 0 ;; esac
    return 1
}

# Whether $service refuses clients that haven't signed in, also those of this host.
only_signed_in() {
    case " $(option smtpd_client_restrictions | words | paste -s -d' ' -) " in
        *" permit_mynetworks "*) return 1 ;;
        *" reject "*) return 0 ;;
    esac
    return 1
}

has_option() { current -P "$service/$1" | grep -q =; } # NAME

# What holds for $service: its own option, or the setting in main.cf.
option() { # NAME
    if has_option "$1"; then current -Phx "$service/$1"; else current -hx "$1"; fi
}

# Ports where clients can sign in without TLS.
survey_cleartext() {
    cleartext=
    for service in $(smtpd_services); do
        [ "$(option smtpd_sasl_auth_enable)" = yes ] || continue
        [ "$(option smtpd_tls_wrappermode)" != yes ] || continue
        [ "$(option smtpd_tls_security_level)" != encrypt ] || continue
        [ "$(option smtpd_tls_auth_only)" = yes ] || cleartext="$cleartext $service"
    done
    [ -z "$cleartext" ] || serves "Clients sign in without TLS on port$(ports "$cleartext")" \
        "they would have to use TLS"
}

# What the ports 587 and 465 do otherwise than afterwards.
survey_submission() {
    for service in $(smtpd_services); do
        case ${service%/inet} in submission|587|submissions|smtps|465) ;; *) continue ;; esac
        port=${service%/inet}
        rules=$(option smtpd_relay_restrictions | words | paste -s -d' ' - | without_refusals)
        case $rules in
            "permit_sasl_authenticated reject"|"permit_sasl_authenticated "[dr]*_unauth_destination) ;;
            *) serves "Who may send on port $port is decided by $rules (smtpd_relay_restrictions)" \
                "only those who have signed in could" ;;
        esac
        rules=$(option smtpd_sender_restrictions | sender_rules)
        [ -z "$rules" ] || serves "The senders on port $port are checked by $rules (smtpd_sender_restrictions)" \
            "they would only be checked by the panel's rules"
        case $rules in *' '*) cannot_keep "$rules (smtpd_sender_restrictions) can't stay on port $port:" \
            "take the blanks out of it." ;; esac
        survey_clients
        survey_login_maps
        survey_sign_in_option
    done
}

# Checks of clients there, in the service or in main.cf; an earlier bundle has left those in main.cf alone.
survey_clients() {
    [ "$(option smtpd_sasl_auth_enable)" = yes ] || return 0
    for name in smtpd_client_restrictions smtpd_helo_restrictions; do
        rules=$(option "$name" | words | paste -s -d' ' -)
        case $rules in ''|permit_sasl_authenticated*) continue ;; esac
        if applied_before && [ ! -e "/$kept" ]; then continue; fi
        serves "Clients on port $port are checked by $rules ($name)" "those who sign in would not be"
    done
}

# The rules of others among those for senders.
sender_rules() {
    words | awk '
        function rule(text) { printf "%s%s\n", warn, text; warn = "" }
        # Only for the rule that follows.
        $0 == "warn_if_reject" { warn = $0 "\n"; next }
        $0 == "check_sasl_access" { held = $0; next }
        held != "" { if (/:\/etc\/postfix\/mailadmin\//) warn = ""; else rule(held "\n" $0); held = ""; next }
        /^reject_(known_|authenticated_)?sender_login_mismatch$/ { warn = ""; next }
        { rule($0) }' | paste -s -d, -
}

survey_login_maps() {
    maps=$(current -Phx "$service/smtpd_sender_login_maps" | not_ours | paste -s -d' ' -)
    [ -z "$maps" ] || serves "Who may send as which address on port $port is decided by $maps" \
        "it would no longer count (smtpd_sender_login_maps)"
}

survey_sign_in_option() {
    if ! has_option smtpd_sasl_type && ! has_option smtpd_sasl_path; then return 0; fi
    checked="$(option smtpd_sasl_type), $(option smtpd_sasl_path)"
    panels="$(ours smtpd_sasl_type), $(ours smtpd_sasl_path)"
    if [ "$checked" = "$panels" ] || [ "$(option smtpd_sasl_auth_enable)" != yes ] || same_backend "$checked"; then
        return 0
    fi
    serves "Passwords on port $port are checked by $checked (smtpd_sasl_type, smtpd_sasl_path)" \
        "only the panel's mailboxes could sign in"
    cannot_keep "The passwords on port $port can't be checked by $checked and, for the panel's mailboxes, by" \
        "$panels: give others a port of their own in master.cf."
}

# Where clients sign in besides 587 and 465, the panel's mailboxes may send as any address.
service_hints() {
    for service in $(smtpd_services); do
        [ "$(option smtpd_sasl_auth_enable)" = yes ] || continue
        rules=$(option smtpd_sender_restrictions | words | paste -s -d, -)
        case $service-$rules in
            submission/*|587/*|submissions/*|smtps/*|465/*|*sender_login_mismatch*) continue ;;
        esac
        say "Who signs in on port ${service%/inet} (master.cf) may send as any address; to prevent this:" \
            "postconf -P '$service/smtpd_sender_restrictions=$(senders_elsewhere)${rules:+,$rules}'"
    done
}

# Port 25 with options of its own, and smtpd behind postscreen: the panel's refusals aren't among its relay
# rules, or it doesn't ask who exists.
incoming_hints() {
    for service in $(current -M | awk '$8 == "smtpd" { print $1 "/" $2 }'); do
        case ${service%/*} in smtp|25|*:smtp|*:25|smtpd) ;; *) continue ;; esac
        for name in smtpd_relay_restrictions smtpd_reject_unlisted_recipient receive_override_options; do
            has_option "$name" || continue
            case $name=$(option "$name") in
                *mailadmin/undeliverable.cf*) continue ;;
                smtpd_relay_restrictions=*|*=no|*no_unknown_recipient_checks*) ;;
                *) continue ;;
            esac
            say "$service (master.cf) has its own $name, so it accepts mail for the panel's domains that" \
                "nobody receives, and it bounces; to refuse it: postconf -PX '$service/$name'"
        done
    done
}

# A rule for those who sign in only: others, who also send through that port, aren't asked.
senders_elsewhere() {
    if [ "$choice" != keep ]; then
        say reject_authenticated_sender_login_mismatch
        return 0
    fi
    mismatch=$(senders reject_sender_login_mismatch)
    case $mismatch in
        *,*) say "${mismatch%,*},check_sasl_access,static:${mismatch##*,}" ;;
        *) say reject_authenticated_sender_login_mismatch ;;
    esac
}

# Who signs in is also subject to these, unless they let them pass first. (What refuses all others is
# preceded by permit_sasl_authenticated.)
recipient_hints() {
    for service in $(smtpd_services); do
        case ${service%/inet} in submission|587|submissions|smtps|465) ;; *) continue ;; esac
        rule=$(option smtpd_recipient_restrictions | words | awk '
            /^permit_sasl_authenticated$/ { exit }
            /^(reject_(rbl|rhsbl)_.*|reject_unknown_.*|reject_(non_fqdn|invalid)_helo.*)$/ { print; exit }')
        [ -z "$rule" ] || say "On port ${service%/inet}, $rule (smtpd_recipient_restrictions) also rejects" \
            "clients that sign in; to prevent this:" \
            "postconf -P $service/smtpd_recipient_restrictions=permit_sasl_authenticated,reject"
    done
}

# Settings that apply leaves alone, and that also change who receives or sends the panel's mail.
settings_hints() {
{% if host.variant.name == "v2" and host.release.name == "debian12" %}    quota_hints
{% endif %}    : >"$new/settings"
    changes_mail canonical_maps "rewrites senders and recipients"
    changes_mail recipient_canonical_maps "rewrites recipients"
    changes_mail sender_canonical_maps "rewrites senders"
    changes_mail masquerade_domains "rewrites senders in subdomains of these"
    changes_mail smtp_generic_maps "rewrites addresses in mail to other hosts"
    changes_mail relocated_maps "refuses mail to the addresses in it"
    changes_mail recipient_bcc_maps "sends copies to others"
    changes_mail sender_bcc_maps "sends copies to others"
    changes_mail always_bcc "sends a copy of all mail to this address"
    changes_mail sender_dependent_relayhost_maps "decides where the mail of a sender goes"
    changes_mail sender_dependent_default_transport_maps "decides where the mail of a sender goes"
    changes_mail defer_transports "keeps mail for these in the queue"
    overrides=$(current -hx receive_override_options)
    case $overrides in *no_address_mappings*)
        changes_mail receive_override_options "keeps aliases from being followed" ;;
    esac
    case $overrides in *no_unknown_recipient_checks*)
        changes_mail receive_override_options "accepts mail for addresses that don't exist, and it bounces" ;;
    esac
    case $(current -hx smtpd_sasl_security_options) in *noplaintext*)
        changes_mail smtpd_sasl_security_options "keeps clients from signing in with PLAIN and LOGIN" ;;
    esac
    for name in virtual_alias_expansion_limit virtual_alias_recursion_limit; do
        [ "$(current -hx "$name")" -ge 1000 ] || changes_mail "$name" "defers mail to aliases with more targets"
    done
    case $(current -hx inet_interfaces) in loopback-only|localhost|127.*)
        changes_mail inet_interfaces "keeps other hosts from sending mail here, and clients elsewhere from signing in" ;;
    esac
    for name in default_transport relay_transport; do
        case $(current -hx "$name") in error*|discard*|retry*) changes_mail "$name" "keeps mail from other hosts" ;; esac
    done
    [ "$(current -hx smtpd_reject_unlisted_recipient)" != no ] || changes_mail smtpd_reject_unlisted_recipient \
        "accepts mail for addresses that don't exist, and it bounces"
    for name in unknown_virtual_mailbox_reject_code unknown_relay_recipient_reject_code; do
        case $(current -hx "$name") in 4*) changes_mail "$name" "defers mail for addresses that don't exist" ;; esac
    done
    [ "$(current -hx soft_bounce)" != yes ] || changes_mail soft_bounce "defers mail that would be refused"
    [ -s "$new/settings" ] || return 0
    say "These settings in main.cf stay, and also change the mail of the panel's domains:"
    cat "$new/settings"
}

# Postfix completes "root", to whom cron writes, with myorigin: often the domain whose mail is now the panel's.
origin_hints() {
    origin=$(current -hx myorigin)
    case $origin in /*) origin=$(head -n 1 "$origin" 2>>"$new/log") ;; esac
    [ -n "$(say "$origin" | ask_domains)" ] || return 0
    for map in aliases mailboxes alias_domains alias_domain_catchalls relay_recipients; do
        printf '%s\n' "root@$origin" "@$origin" | ask_panel "$map"
    done >"$new/found"
    [ -s "$new/found" ] || say "Mail for root from programs on this host, such as cron, goes to root@$origin" \
        "(myorigin), which the panel doesn't have: it bounces and is lost. Create that alias, or run:" \
        "postconf -e 'myorigin = \$myhostname'; postfix reload"
}

changes_mail() { # NAME WHAT
    value=$(current -hx "$1" | joined)
    [ -n "$value" ] || return 0
    current -hx "$1" | words >"$new/words"
    while read -r map <&4; do
        case $map in *:*) sed 's/ .*//' "$new/folders" | timeout 10 postmap -q - "${map#proxy:}" 2>>"$new/log" ;; esac
    done 4<"$new/words" | cut -f1 | sort -u >"$new/touched" || true
    touched=$(listed "$new/touched")
    say "- $1 = $value: $2${touched:+, such as $touched}" >>"$new/settings"
}

# Which services let clients sign in, other than this bundle's.
survey_sign_ins() {
    if [ "$(current -h smtpd_sasl_auth_enable)" = yes ]; then
        serves "Clients sign in on port 25" "they would have to use port 587 or 465"
    elif ! current -P | grep -q '/inet/smtpd_sasl_auth_enable = yes'; then
        return 0
    fi
    if applied_before; then return 0; fi
    checked="$(current -hx smtpd_sasl_type), $(current -hx smtpd_sasl_path)"
    panels="$(ours smtpd_sasl_type), $(ours smtpd_sasl_path)"
    if [ "$checked" = "$panels" ] || same_backend "$checked"; then return 0; fi
    serves "Passwords of those who send are checked by $checked (smtpd_sasl_type, smtpd_sasl_path)" \
        "only the panel's mailboxes could sign in"
    cannot_keep "Postfix can't ask both $checked and, for the panel's mailboxes, $panels for passwords:" \
        "give others a port of their own in master.cf, with its own smtpd_sasl_type and smtpd_sasl_path."
}

# --keep and --take-over are for what would end; --keep is remembered.
choose() {
    if [ -z "$choice" ] && [ -e "/$kept" ]; then
        choice=keep
        asked=no
    fi
    if [ ! -s "$new/served" ] && [ ! -e "/$kept" ]; then choice=; fi
    if [ "$choice" = keep ] && [ -s "$new/not-kept" ]; then
        not_kept >&2
        fail "Nothing was changed."
    fi
    if [ ! -s "$new/served" ] || [ "$asked" = no ]; then return 0; fi
    case $choice-$dry in
        keep-*)
            say "This is kept:"
            sed 's/^/- /; s/\t.*/./' "$new/served" ;;
        take-over-*)
            say "This ends:"
            sentences ;;
        -yes)
            say "This host already serves more than the panel's domains. Without --keep or --take-over," \
                "apply would stop here:"
            sentences
            not_kept
            say "With --take-over, these would be the changes:"
            choice=take-over ;;
        -no)
            {
                say "apply: This host already serves more than the panel's domains:"
                sentences
                not_kept
                say "apply: Nothing was changed. To keep all this beside the panel's domains, run apply" \
                    "with --keep; to replace it, with --take-over. --dry-run shows the changes."
            } >&2
            exit 1 ;;
    esac
}

sentences() { sed 's/^/- /; s/\t/: /; s/$/./' "$new/served"; }

not_kept() {
    [ -s "$new/not-kept" ] || return 0
    say "apply: --keep can't keep everything:"
    cat "$new/not-kept"
}
