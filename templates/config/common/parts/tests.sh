# Each run tests what it promises, also if there was nothing to change. An address that cannot exist
# stands for all others: no look-up may fail for it, and its sign-in must be refused as unknown.
nobody=mailadmin-test-$$@invalid.invalid
lacking=0
usable=no                       # whether the database is in order, or one of several

lack() { # SENTENCE...
    lacking=$((lacking + 1))
    printf 'apply: %s\n' "$*" >&2
}

# Asks a map for the address; $reason says why there was no answer.
ask() { # MAP COMMAND...
    map=$1
    shift
    status=0
    timeout 10 "$@" postmap -q "$nobody" "$map" >"$new/answer" 2>&1 || status=$?
    reason=
    if [ "$status" = 124 ]; then
        reason="no answer within ten seconds"
    elif [ "$status" -gt 1 ] || grep -q '^postmap: fatal' "$new/answer"; then
        reason=$(sed -n 's/^postmap: warning: connect to mysql server [^ ]*: //p
            s/^postmap: warning: .*: query failed: //p' "$new/answer" | head -n 1)
        reason=${reason:-$(sed 's/^postmap: fatal: //' "$new/answer" | tail -n 1)}
        reason=${reason:-postmap ended with $status}
    fi
}
{% if sqlite %}
# As Postfix's user, which can't read maps that are not installed yet; Dovecot's user signs in below.
test_database() {
    is_applied || return 0
    for path in /etc/postfix/mailadmin/*.cf; do
        ask "sqlite:$path" setpriv --reuid=postfix --regid=postfix --init-groups
        case $reason in
            '') ;;
            *'no such '*) lack "$database lacks tables ($reason)." \
                "Run this for the panel: .venv/bin/python manage.py migrate --database mail" ;;
            *) lack "Postfix can't read $database ($reason)." \
                "Run: sqlite3 $database 'PRAGMA quick_check'" ;;
        esac
        [ -z "$reason" ] || return 0
    done
    usable=yes
}
{% else %}
# Each host, also where HAProxy chooses one of them.
test_database() {
{% for place in host.database.hosts %}    test_database_host {% if place.socket %}unix:{{ place.socket|bare:"MAIL_DB_HOSTS" }}{% else %}inet:{{ place.name|host_name:"MAIL_DB_HOSTS" }}:{{ place.port|digits:"MAIL_DB_HOSTS" }}{% endif %}
{% endfor %}{% if host.needs_proxy %}    if [ "$usable" = yes ] && is_applied; then test_proxy; fi
{% endif %}}
{% if host.needs_proxy %}
test_proxy() {
    ask "mysql:/etc/postfix/mailadmin/domains.cf"
    [ -n "$reason" ] || return 0
    usable=no
    lack "HAProxy doesn't reach the database ($reason). Run this on the database host: mariadb < grants.sql" \
        "(and then on this host: systemctl restart haproxy)"
}
{% endif %}
# Asks one host with every map, and with the account that checks passwords.
test_database_host() { # PLACE
    before=$lacking
    for path in "$here"/etc/postfix/mailadmin/*.cf; do
        ask_host "$1" "$path"
        [ -z "$reason" ] || break
    done
    explain "${1#*:}" MAIL_LOOKUP_USER
    case $reason in 'no answer'*|*"Can't connect"*) return 0 ;; esac
    if grep -q '^query' "$here/auth.cf"; then
        ask_host "$1" "$here/auth.cf"
        explain "${1#*:}" MAIL_AUTH_USER
    fi
    [ "$lacking" != "$before" ] || usable=yes
}

# Postfix waits two seconds before it reads a file that has just been written.
ask_host() { # PLACE FILE
    sed "s|^hosts =.*|hosts = $1|" "$2" >"$new/map.cf"
    touch -d '1 hour ago' "$new/map.cf"
    ask "mysql:$new/map.cf"
}

# Says why the host did not answer this account, and what helps.
explain() { # PLACE SETTING
    case $reason in
        '') ;;
        *denied*) lack "The database on $1 refuses the account in $2 ($reason)." \
            "It may be another account of that name: grants.sql names those at its end." \
            "Run this on the database host: mariadb < grants.sql" ;;
        *"doesn't exist"*|*'nknown column'*) lack "The database on $1 lacks tables ($reason)." \
            "Run this for the panel: .venv/bin/python manage.py migrate --database mail" ;;
{% if host.database.authority %}        *SSL*) lack "The database on $1 can't be trusted ($reason). Its certificate must be for this" \
            "name and signed by {{ host.database.authority|bare:"MAIL_DB_TLS" }} (MAIL_DB_TLS)." ;;
{% endif %}        *) lack "The database on $1 can't be used ($reason)." \
            "Run this on the database host: systemctl restart mariadb" ;;
    esac
}
{% endif %}
# If the database doesn't answer, it has already been said why nobody can sign in. Once it does, the
# backend may wait for some seconds before it asks again.
test_sign_in() {
    for seconds in 1 1 1 1 1 0; do
        if refused_as_unknown; then
            test_submission
            return 0
        fi
        sleep "$seconds"
    done
    lack "$backend can't check passwords ($why). Run{% if not sqlite and not auth_in_map %} this on the database host: mariadb < grants.sql" \
        "- and then here{% endif %}: systemctl restart $backend postfix"
}

# The same through Postfix, as a client does it. The wrong reason is no answer, an answer for later (454),
# or that AUTH isn't offered. It comes from an address of this host that no client uses, nor did
# the last run: where a sign-in was refused, Dovecot lets the next ones wait, longer each time, and fail2ban
# counts them.
test_submission() {
    unused=127.$(($$ / 50000 % 200 + 1)).$(($$ / 200 % 250)).$(($$ % 200 + 1))
    place=$(current -hx inet_interfaces | words | grep -vE ':|^(all|loopback-only|localhost)$' | head -n 1)
    for port in 587 465; do
        submit "${place:-127.0.0.1}" "$port" >"$new/answer-$port" &
    done
    wait
    for port in 587 465; do
        reply=$(tail -n 1 "$new/answer-$port")
        case $reply in
            535*'no mechanism'*|535*'generic failure'*) ;;
            535*) continue ;;
        esac
        lack "Nobody can sign in on port $port (${reply:-no answer}). Run: systemctl restart $backend postfix" \
            "- and if this stays, the log has the reason: journalctl --since=-5min | grep smtpd"
    done
}

submit() { # HOST PORT: Postfix's answer to the sign-in of a made-up address, or what it refuses before
    starttls=
    [ "$2" = 465 ] || starttls="-starttls smtp"
    # shellcheck disable=SC2016,SC2086  # Perl's variables; two words or none
    timeout 15 perl -MIPC::Open2 -e '
        my ($port, $plain, @client) = @ARGV;
        my $pid = open2(my $replies, my $commands, @client);
        sub answer {
            my $answer = "";
            while (<$replies>) { $answer .= $_; last if /^\d{3} / }
            return $answer;
        }
        sub ask { print $commands "$_[0]\r\n"; return answer() }
        my $answer = $port == 465 ? answer() : "220";
        $answer = ask("EHLO localhost") if $answer =~ /^220/;
        if ($answer =~ /^250/) {
            my $offered = $answer =~ /^250[- ]AUTH[ =].*\bPLAIN\b/m;
            $answer = $offered ? ask("AUTH PLAIN $plain") : "it does not offer AUTH PLAIN";
        }
        $answer =~ s/\s+$//;
        print "$answer\n";
        kill "TERM", $pid' "$2" "$(printf '\0%s\0%s' "$nobody" "$nobody" | base64 -w0)" \
        openssl s_client -quiet -bind "$unused:0" -connect "$1:$2" $starttls 2>>"$new/log" || true
}

# Asks port 25 about mail for each address on standard input, and prints it with the answer; no mail is
# sent. Fails if Postfix doesn't greet, or greets with a refusal. It comes from an address of this host that others see, if there is
# one, since permit_mynetworks would pass over refusals.
ask_port_25() {
    place=$(current -hx inet_interfaces | words | grep -vE '^(all|loopback-only|localhost)$' | head -n 1)
    client=$(ip -o -4 address show scope global 2>>"$new/log" | awk '{ sub("/.*", "", $4); print $4; exit }')
    # shellcheck disable=SC2016  # Perl's variables
    timeout 60 perl -MIO::Socket::IP -e '
        my ($place, $client, $name) = @ARGV;
        $| = 1;
        $SIG{PIPE} = "IGNORE";
        my %port = (PeerHost => $place, PeerPort => 25, Timeout => 10);
        my $smtp = IO::Socket::IP->new(%port, LocalHost => $client) || IO::Socket::IP->new(%port) || exit 1;
        $SIG{ALRM} = sub { exit 1 };
        sub answer {
            alarm 8;
            my ($first, $line) = ("", "");
            do { $line = <$smtp> // return "no answer"; $first ||= $line } while $line =~ /^...-/;
            $line =~ s/\s+$//;
            return $line;
        }
        sub ask { print $smtp "$_[0]\r\n"; return answer() }
        my $greeting = answer();
        if ($greeting !~ /^220/) {
            while (my $address = <STDIN>) { chomp $address; print "$address\t$greeting\n" }
            exit 1;
        }
        ask("EHLO $name");
        while (my $address = <STDIN>) {
            chomp $address;
            my $sender = ask("MAIL FROM:<>");
            my $answer = $sender =~ /^2/ ? ask("RCPT TO:<$address>") : $sender;
            print "$address\t$answer\n";
            ask("RSET");
        }
        print $smtp "QUIT\r\n"' "${place:-127.0.0.1}" "${client:-127.0.0.1}" "$own_name" 2>>"$new/log"
}

greets() { ask_port_25 </dev/null; }

# Mail for a mailbox of the panel must be accepted, unless a rule of this host's own is against the client.
test_port_25() {
    somebody=$(somebody)
    reply=$(say "${somebody:-$nobody}" | ask_port_25 | cut -f2) || true
    case $reply in
        2*|452*|552*|*'Client host'*|*'Helo command'*|*'Sender address'*|*reylist*) return 0 ;;
        5*) [ -n "$somebody" ] || return 0 ;;
    esac
    lack "Port 25 doesn't accept mail for ${somebody:-the panel} (${reply:-it does not answer}). Run: postfix" \
        "reload - and if this stays, the log has the reason: journalctl --since=-5min | grep postfix"
}

# A mailbox of the panel, if there is one among those that check_mail_folders has asked for.
somebody() { sed 's/ .*//' "$new/folders" | ask_panel mailboxes | head -n 1; }

# Whether the host is as this bundle describes it.
is_applied() { [ "$changes" = 0 ] || [ "$dry" = no ]; }

test_all() {
    test_database
    if [ "$usable" = yes ] && is_applied; then
        may_write "$mail_home" || lack "$(unit_sentence)"
        test_sign_in
        test_delivery
        test_port_25
    fi
}
