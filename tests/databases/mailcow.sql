-- mailcow; only the columns that an import reads.
CREATE TABLE domain (domain varchar(255), description varchar(255), mailboxes bigint, aliases
  bigint, maxquota bigint, quota bigint, relayhost varchar(255), backupmx bigint, active bigint);
CREATE TABLE mailbox (username varchar(255), password varchar(255), name varchar(255), quota bigint,
  attributes varchar(255), kind varchar(255), authsource varchar(255), active bigint, domain varchar(255));
CREATE TABLE alias (id bigint, address varchar(255), goto varchar(255), internal bigint, active
  bigint, domain varchar(255));
CREATE TABLE alias_domain (alias_domain varchar(255), target_domain varchar(255), active bigint);
CREATE TABLE app_passwd (mailbox varchar(255));
INSERT INTO domain VALUES ('example.org', 'x', 10, 0, 3, 100, '0', 0, 1),
  ('mx.example', '', 0, 0, 0, 0, '1', 1, 1);
INSERT INTO mailbox VALUES
  ('anna@example.org', '{BLF-CRYPT}$2y$05$cuNy3u5z60keFzffs4mJS.tkixkAGknzk6gib2O1f1oVuHTN6rT5m', 'Anna', 1048576, '{"imap_access": "0"}', '', 'mailcow', 1, 'example.org'),
  ('bob@example.org', 'x', NULL, 0, '{"imap_access":"1","x":"0"}', '', 'ldap', 1, 'example.org'),
  ('eve@example.org', '{BLF-CRYPT}$2y$05$cuNy3u5z60keFzffs4mJS.tkixkAGknzk6gib2O1f1oVuHTN6rT5m', NULL, 0, NULL, '', 'mailcow', 2, 'example.org'),
  ('off@example.org', '{BLF-CRYPT}$2y$05$cuNy3u5z60keFzffs4mJS.tkixkAGknzk6gib2O1f1oVuHTN6rT5m', NULL, 0, NULL, '', 'mailcow', 0, 'example.org'),
  ('room@example.org', 'x', 'Room', 0, NULL, 'location', 'mailcow', 1, 'example.org');
INSERT INTO alias VALUES (1, 'anna@example.org', 'anna@example.org', 0, 1, 'example.org'),
  (2, 'no@example.org', 'null@localhost', 0, 1, 'example.org'), (3, 'team@example.org', 'a@b.example', 1, 0, 'example.org');
INSERT INTO alias_domain VALUES ('example.net', 'example.org', 1);
INSERT INTO app_passwd VALUES ('anna@example.org'), ('anna@example.org');
