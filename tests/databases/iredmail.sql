-- iRedMail; only the columns that an import reads.
CREATE TABLE domain (domain varchar(255), description varchar(255), mailboxes bigint, aliases
  bigint, maxquota bigint, transport varchar(255), backupmx bigint, active bigint);
CREATE TABLE mailbox (username varchar(255), password varchar(255), name varchar(255),
  storagebasedirectory varchar(255), quota bigint, active bigint, enablesmtp bigint, expired
  datetime, isadmin bigint, isglobaladmin bigint, domain varchar(255));
CREATE TABLE alias (address varchar(255), accesspolicy varchar(255), active bigint);
CREATE TABLE forwardings (id bigint, address varchar(255), forwarding varchar(255), is_maillist
  bigint, is_list bigint, is_forwarding bigint, is_alias bigint, active bigint, domain varchar(255));
CREATE TABLE alias_domain (alias_domain varchar(255), target_domain varchar(255), active bigint);
CREATE TABLE maillists (address varchar(255));
INSERT INTO domain VALUES ('example.org', NULL, 0, 0, 1024, 'dovecot', 0, 1),
  ('mx.example', '', 0, 0, 0, 'smtp:[192.0.2.1]:26', 1, 1);
INSERT INTO mailbox VALUES
  ('anna@example.org', '{SSHA512}x', 'Anna', '/var/vmail', 2, 1, 0, '9999-12-31', 1, 0, 'example.org'),
  ('bob@example.org', 'x', '', '/var/vmail', 0, 0, 1, '2020-01-01', 0, 0, 'example.org');
INSERT INTO alias VALUES ('team@example.org', 'membersonly', 1), ('old@example.org', '', 0);
INSERT INTO forwardings VALUES (1, 'anna@example.org', 'anna@example.org', 0, 0, 1, 0, 1, 'example.org'),
  (2, 'team@example.org', 'anna@example.org', 0, 1, 0, 0, 1, 'example.org'),
  (3, 'team@example.org', 'bob@example.org', 0, 1, 0, 0, 0, 'example.org'),
  (4, 'old@example.org', 'anna@example.org', 0, 1, 0, 0, 1, 'example.org'),
  (5, 'a.berg@example.org', 'anna@example.org', 0, 0, 0, 1, 1, 'example.org'),
  (6, 'example.org', 'anna@example.org', 0, 0, 0, 0, 1, 'example.org'),
  (7, 'list@example.org', 'list@example.org', 1, 0, 0, 0, 1, 'example.org'),
  (9, 'listed@mx.example', 'listed@mx.example', 0, 0, 1, 0, 1, 'mx.example'),
  (8, 'anna@example.org', 'a@b.example', 0, 0, 1, 0, 1, 'example.org');
INSERT INTO alias_domain VALUES ('example.net', 'example.org', 0);
INSERT INTO maillists VALUES ('list@example.org');
