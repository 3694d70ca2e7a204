-- The two accounts that the mail host uses to {% if host.variant.name == "v1" %}read{% else %}access{% endif %} the database. (mailadmin)
-- Run this on the database host as its administrator: mariadb < grants.sql
-- The tables must already exist. You can run it again.
-- After you have changed a password, the account also keeps its old one, so that the mail host goes on
-- working. Once apply has given it the new one, run this again: that ends the old password. Don't change
-- it a second time before that: only the one before is kept, and the mail host wouldn't have it yet.
-- Other grants of these accounts are kept, so use accounts that only the mail host uses.

-- Gives the quotes and backslashes below the same meaning regardless of the server's defaults.
SET NAMES utf8mb4;
SET SESSION sql_mode = '';
-- With a plugin that validates passwords, MariaDB takes no stored password. The old one then ends now.
/*M!100400 SET @can_keep = NOT EXISTS (SELECT 1 FROM information_schema.PLUGINS
    WHERE PLUGIN_TYPE = 'PASSWORD VALIDATION' AND PLUGIN_STATUS = 'ACTIVE') */;

{% if accounts_at.0 == "%" %}-- '%' is any host that can reach the database: replace it with the mail host's address if you can.
{% else %}-- The mail host is also the database host; each way to connect needs its own account.
{% endif %}{% with lookup=host.lookup.user|sql_text:"MAIL_LOOKUP_USER" lookup_password=host.lookup.password|sql_text:"MAIL_LOOKUP_PASSWORD" auth=host.auth.user|sql_text:"MAIL_AUTH_USER" auth_password=host.auth.password|sql_text:"MAIL_AUTH_PASSWORD" database=host.database.name|sql_name:"MAIL_DATABASE_URL" %}{% for at in accounts_at %}
-- For Postfix's lookups; this account cannot read the column "password".
{% include "common/parts/account.sql" with user=lookup password=lookup_password %}GRANT SELECT (domain, active, transport, backupmx) ON {{ database }}.domain TO {{ lookup }}@'{{ at }}';
GRANT SELECT (username, maildir, active{% if is_full %}, quota{% endif %}) ON {{ database }}.mailbox TO {{ lookup }}@'{{ at }}';
GRANT SELECT (address, goto, domain, active) ON {{ database }}.alias TO {{ lookup }}@'{{ at }}';
GRANT SELECT (alias_domain, target_domain, active) ON {{ database }}.alias_domain TO {{ lookup }}@'{{ at }}';
{% if is_full %}GRANT SELECT (username, bytes) ON {{ database }}.quota2 TO {{ lookup }}@'{{ at }}';
{% endif %}-- For checking passwords.
{% include "common/parts/account.sql" with user=auth password=auth_password %}GRANT SELECT (domain, active) ON {{ database }}.domain TO {{ auth }}@'{{ at }}';
GRANT SELECT (username, password, {% if host.variant.name == "v1" %}domain{% else %}maildir, quota{% endif %}, active{% if host.has_smtp_active %}, smtp_active{% endif %}) ON {{ database }}.mailbox TO {{ auth }}@'{{ at }}';
{% if host.needs_proxy %}-- HAProxy asks with this account whether a host is ready; it has no password, and no rights either.
CREATE USER IF NOT EXISTS haproxy@'{{ at }}';
{% endif %}{% endfor %}{% if host.variant.name == "v2" %}
-- For Dovecot to write mailbox usage and last sign-ins. (It needs SELECT because it inserts a row or,
-- if there already is one, updates it.) PostfixAdmin doesn't have the table for sign-ins, and ignores it.
CREATE TABLE IF NOT EXISTS {{ database }}.last_login (
    username varchar(255) CHARACTER SET latin1 COLLATE latin1_general_ci NOT NULL PRIMARY KEY,
    domain varchar(255) CHARACTER SET latin1 COLLATE latin1_general_ci NOT NULL DEFAULT '',
    last_login bigint NOT NULL DEFAULT 0
);
{% for at in accounts_at %}GRANT SELECT, INSERT, UPDATE ON {{ database }}.quota2 TO {{ auth }}@'{{ at }}';
GRANT SELECT, INSERT, UPDATE ON {{ database }}.last_login TO {{ auth }}@'{{ at }}';
{% endfor %}{% endif %}
/*M!100400 SELECT CONCAT(User, '@', Host, ' also takes its old password until you have run apply, and then this again. Until then, do not change it again.')
    AS 'Changed passwords:' FROM mysql.global_priv
    WHERE User IN ({{ lookup }}, {{ auth }}) AND JSON_EXISTS(Priv, '$.auth_or[1]') */;

-- For a client, the server takes the account with the most specific host, then the one with a name, and no
-- other. So these take the place of the above, with their own password and rights.
SELECT CONCAT(QUOTE(User), '@', QUOTE(Host), ' is taken for clients from there, instead of the accounts above. ',
    'If nothing else needs it: DROP USER ', QUOTE(User), '@', QUOTE(Host), ';') AS 'Other accounts:'
    FROM mysql.user WHERE User IN ({{ lookup }}, {{ auth }}{% if accounts_at.0 == "%" %}, ''{% endif %}) AND Host NOT IN ('', '%'{% for at in accounts_at %}{% if at != "%" %}, '{{ at }}'{% endif %}{% endfor %});
{% endwith %}
