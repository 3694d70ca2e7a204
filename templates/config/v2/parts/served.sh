first_file=etc/dovecot/conf.d/00-mailadmin.conf     # exists instead of some settings in 99-, after --keep

# Other settings that also hold for the panel's mailboxes: places of 2.4 where their user may not write, and
# quotas of 2.3 beside theirs.
index_places="mail_index_path|mail_index_private_path|mail_control_path|mail_volatile_path"
other_quotas="quota[2-9]|quota[2-9]?_rule[2-9]?|quota_max_mail_size"

# Dovecot's own users and mail, in terms that Dovecot 2.3 and 2.4 print alike.
survey_dovecot() {
    # Afterwards, this bundle's file is there, and others in conf.d are the administrator's changes to it.
    [ ! -e /etc/dovecot/conf.d/99-mailadmin.conf ] || [ -e "/$first_file" ] || [ -e "/$kept" ] || return 0
    kept_backend=maybe
    doveconf -n >"$new/doveconf" 2>>"$new/log" || return 0
{% if host.release.name == "debian12" %}    cache=$(dovecot_setting auth_cache_size)
    [ "${cache:-0}" = 0 ] || cannot_keep "Dovecot keeps passwords for some time (auth_cache_size = $cache), so that an" \
        "old one of a panel's mailbox, or that of a disabled one, would still work: set auth_cache_size = 0."
{% endif %}    databases passdb >"$new/passdbs"
    while read -r entry <&3; do
        case $entry in
            pam) if has_users; then
                serves "Dovecot lets this host's own users sign in (PAM)" "they could no longer"
            fi ;;
            sql) serves "Dovecot lets users in a database of others sign in" "they could no longer" ;;
            *)
                serves "Dovecot lets the users in $entry sign in" "they could no longer"
                survey_both_passwords ;;
        esac
    done 3<"$new/passdbs"
    location=$(dovecot_setting mail_location)
    location=${location:-$(dovecot_setting mail_driver):$(dovecot_setting mail_path)}
    case $location in
        ''|'mbox:~/mail:INBOX=/var/mail/%u'|'mbox:%{home}/mail') ;;
        *) serves "Dovecot keeps mail in $location" "it would only look in $mail_home" ;;
    esac
    indexes=$(sed -nE "s/^($index_places) = (.*[^ ]) *$/\1 = \2/p" "$new/doveconf" | paste -s -d, - | sed 's/,/, /g')
    [ -z "$indexes" ] || serves "Dovecot keeps indexes elsewhere ($indexes)" "they would be kept beside the mail"
    survey_valid_ids uid "$mail_uid"
    survey_valid_ids gid "$mail_gid"
    survey_cleartext_imap
{% if host.release.name == "debian12" %}    survey_quotas
{% endif %}{% if not sqlite %}    survey_database_hosts
{% endif %}    survey_local_delivery
    survey_order
}
{% if not sqlite %}
# Dovecot 2.4 would ask them for the panel's mailboxes, too.
survey_database_hosts() {
    sed -n 's/^mysql \(.*\) {$/\1/p' "$new/doveconf" | sort -u >"$new/others"
    [ ! -s "$new/others" ] || cannot_keep "Dovecot would also look for the panel's mailboxes on the hosts" \
        "$(listed "$new/others"): move these mysql blocks into the passdb, userdb and dict blocks that need them."
}
{% endif %}
# For all clients, or in a block: for those from a network (remote), to an address (local) or of a protocol.
survey_cleartext_imap() {
    cleartext_blocks=$(awk '/^[^ }].*{$/ { block = $1 " " $2 } /^}/ { block = "" }
        $1 " " $3 ~ /^(disable_plaintext_auth no|auth_allow_cleartext yes)$/ { print (block == "" ? "all" : block) }
        ' "$new/doveconf" | paste -s -d, - | sed 's/,/, /g')
    case $cleartext_blocks in
        '') ;;
        all*) serves "Dovecot accepts passwords without TLS" "clients that don't use TLS could not sign in" ;;
        *) serves "Dovecot accepts passwords without TLS ($cleartext_blocks)" \
            "clients that don't use TLS could not sign in" ;;
    esac
}

{% if host.release.name == "debian12" %}# The panel's mailboxes need the plugin, which 2.3 can only load for everybody.
survey_quotas() {
    [ ! -e "/$first_file" ] || return 0
    ! grep -qE '^ *mail_plugins = .*\<quota\>' "$new/doveconf" || return 0
    unused=$(sed -nE 's/^  ((quota|quota_max_mail_size) = .*[^ ]) *$/\1/p' "$new/doveconf" | paste -s -d, - | sed 's/,/, /g')
    [ -z "$unused" ] || cannot_keep "Quotas of Dovecot's other users ($unused) have no effect, because the plugin quota" \
        "isn't loaded. The panel's mailboxes need it, and Dovecot 2.3 loads it for all: take these settings out, or" \
        "put them into effect (mail_plugins = \$mail_plugins quota) and see whether anybody's mail is refused."
}

# A second quota of others can't be taken from the panel's mailboxes.
quota_hints() {
    if [ "$choice" != keep ] || [ "$kept_backend" = no ]; then return 0; fi
    second=$(doveconf -n 2>>"$new/log" | sed -nE 's/^  (quota[2-9] = .*[^ ]) *$/\1/p' | paste -s -d, - | sed 's/,/, /g')
    [ -z "$second" ] || say "Dovecot's own $second also holds for the panel's mailboxes. If it shouldn't, put it into" \
        "override_fields of the userdb of Dovecot's other users instead."
}

{% endif %}# Whether Dovecot, as it is set, would open no mail of the panel's.
survey_valid_ids() { # uid|gid NUMBER
    first=$(dovecot_setting "first_valid_$1")
    last=$(dovecot_setting "last_valid_$1")
    if [ "$first" -le "$2" ] && { [ "$last" = 0 ] || [ "$last" -ge "$2" ]; }; then return 0; fi
    serves "Dovecot opens no mail with the $1 $2 (first_valid_$1 = $first, last_valid_$1 = $last)" \
        "it would only open mail with that one"
}

# In a file, $entry, that Dovecot would also ask for the panel's addresses.
survey_both_passwords() {
    case $entry in 'passwd-file '/*) ;; *) return 0 ;; esac
    cut -d: -f1 "${entry#* }" 2>>"$new/log" | ask_panel mailboxes >"$new/both" || true
    [ ! -s "$new/both" ] || cannot_keep "$(listed "$new/both") can't be both in ${entry#* } and in the panel," \
        "since only the panel's password would work: take the address out of one of them."
}

# Mail for this host's own users that Postfix hands to Dovecot.
survey_local_delivery() {
    for name in mailbox_transport mailbox_command local_transport fallback_transport; do
        value=$(current -hx "$name")
        case $value in
            *lmtp:*|*dovecot*) serves "Dovecot delivers the mail of this host's own users ($name = $value)" \
                "it would bounce, since Dovecot would only know the panel's mailboxes" ;;
        esac
    done
}

# The database of the panel must be asked first: others may know everybody.
survey_order() {
    # Without that line, rehearse says where it belongs.
    grep -qE '^[[:blank:]]*!include(_try)?[[:blank:]]+(/etc/dovecot/)?conf\.d' /etc/dovecot/dovecot.conf || return 0
    if awk '/^[ \t]*!include(_try)?[ \t]+(\/etc\/dovecot\/)?conf\.d/ { exit } /^[ \t]*(passdb|userdb)[ \t{]/ { found = 1; exit }
        END { exit !found }' /etc/dovecot/dovecot.conf
    then
        cannot_keep "dovecot.conf has passdb or userdb above \"!include conf.d/*.conf\":" \
            "move them below that line."
    fi
}

# KIND (passdb or userdb): each one of others, as its driver and its file, if it has one; not those who are
# denied.
databases() {
    awk -v kind="$1" '
        $1 == kind && $2 !~ /^mailadmin/ && /{$/ { inside = 1; driver = ($2 == "{") ? "" : $2; file = ""; next }
        inside && /^}/ {
            inside = 0
            if (text !~ /mailadmin|deny = yes/) print driver (file == "" ? "" : " " file)
            text = ""
        }
        inside { text = text $0 }
        inside && $1 == "driver" { driver = $3 }
        inside && ($1 == "args" || $1 ~ /_path$/) && match($0, /\/[^ ]*$/) { file = substr($0, RSTART) }
    ' "$new/doveconf"
}

# Whether it is another socket of this host's Dovecot, which then answers on the panel's.
same_backend() { # TYPE, PATH
    case $1 in
        'dovecot, inet:127.0.0.1:'*|'dovecot, inet:localhost:'*|'dovecot, inet:[::1]:'*)
            doveconf -n 2>>"$new/log" | sed -n '/^service auth {/,/^}/p' | grep -qx " *port = ${1##*:}" ;;
        'dovecot, '*) doveconf -n 2>>"$new/log" | sed -n '/^service auth {/,/^}/p' |
            grep -qF "unix_listener $(cd /var/spool/postfix && readlink -m -- "${1#*, }") {" ;;
        *) return 1 ;;
    esac
}

build_own_transport() { drop_own_transport; }

# People whom the panel doesn't know send as they did, but not as addresses of the panel.
senders() { # RESTRICTION
    say "check_sasl_access,pipemap:{$(ours virtual_mailbox_maps),static:$1}," \
        "reject_known_sender_login_mismatch" | tr -d ' '
}

# Comments out what would be asked before the database: system users, who have no mailboxes here, and
# after --take-over all others and what would override 99-mailadmin.conf.
build_dovecot() {
    if [ "$choice-$kept_backend" = keep-maybe ]; then
        kept_backend=yes
        return 0
    fi
    mark="# mailadmin: see 99-mailadmin.conf. "
    for file in /etc/dovecot/dovecot.conf /etc/dovecot/local.conf /etc/dovecot/conf.d/*.conf; do
        case $file in */??-mailadmin*.conf) continue ;; esac
        [ -f "$file" ] || continue
        mkdir -p "$new$(dirname "$file")"
        last=$(printf '%s\n' 99-mailadmin.conf "${file##*/}" | sort | tail -n 1)
        awk -v choice="$choice" -v last="$last" -v mark="$mark" \
            -v others="^([ \t]+($other_quotas)|$index_places|mailbox_list_layout)[ \t]*=" '
            /^[ \t]*!include auth-system\.conf\.ext/ { print mark $0; next }
            choice != "take-over" { print; next }
            /^[ \t]*!include(_try)? auth-.*\.conf\.ext/ { print mark $0; next }
            /^[ \t]*(passdb|userdb|mysql)[ \t{]/ { block = 1 }
            block { print mark $0; depth += gsub(/{/, "{") - gsub(/}/, "}"); block = depth > 0; next }
            $0 ~ others { print mark $0; next }
            # In a block, it holds whatever this bundle says outside.
            /^[ \t]+(auth_allow_cleartext|disable_plaintext_auth)[ \t]*=/ { print mark $0; next }
            last != "99-mailadmin.conf" && ( \
            /^(mail_(location|driver|path|inbox_path|uid|gid)|(first|last)_valid_[ug]id|ssl|auth_cache_size)[ \t]*=/ || \
            /^(auth_(username_format|mechanisms|allow_cleartext)|disable_plaintext_auth)[ \t]*=/) {
                print mark $0
                next
            }
            { print }' "$file" >"$new$file"
        if [ "$(grep -c "^$mark" "$file")" = "$(grep -c "^$mark" "$new$file")" ]; then rm "$new$file"; fi
    done
}

dovecot_files() {
    if [ "$kept_backend" = yes ]; then
        place "$first_file" root root 0644 no "$here/keep/$first_file"
    elif [ -e "/$first_file" ]; then
        act "remove /$first_file, left by --keep" remove_now "/$first_file"
    fi
    for file in /etc/dovecot/*.conf /etc/dovecot/conf.d/*.conf; do
        if [ -f "$new$file" ]; then place_changed "${file#/}" "$new$file"; fi
    done
}
