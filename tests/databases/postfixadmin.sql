-- PostfixAdmin with the prefix pfx_; only the columns that an import reads.
CREATE TABLE pfx_domain (domain varchar(255), description varchar(255), mailboxes bigint, aliases
  bigint, maxquota bigint, quota bigint, transport varchar(255), backupmx bigint, active bigint);
CREATE TABLE pfx_mailbox (username varchar(255), password varchar(255), name varchar(255), maildir
  varchar(255), quota bigint, active bigint, domain varchar(255));
CREATE TABLE pfx_alias (address varchar(255), goto varchar(255), active bigint, domain varchar(255));
CREATE TABLE pfx_alias_domain (alias_domain varchar(255), target_domain varchar(255), active
  bigint);
CREATE TABLE pfx_vacation (email varchar(255), active bigint);
CREATE TABLE other (id bigint);
INSERT INTO pfx_domain VALUES ('ALL', '', 0, 0, 0, 0, '', 0, 1),
  ('example.org', 'Line
two', 10, -1, 2, 100, 'virtual', 0, 1), ('mx.example', '', 0, 0, -1, 0, 'relay', 1, 1),
  ('off.example', NULL, 0, 0, -1, 0, 'maildrop:', 0, 0);
INSERT INTO pfx_mailbox VALUES
  ('anna@example.org', '{BLF-CRYPT}$2y$05$cuNy3u5z60keFzffs4mJS.tkixkAGknzk6gib2O1f1oVuHTN6rT5m', 'Anna Berg', 'example.org/anna/', 20480000, 1, 'example.org'),
  ('bob@example.org', 'x', NULL, '/srv/mail/bob/', -1, 0, 'example.org'),
  ('eve@example.org', 'x', '', '../eve/', 0, 2, 'example.org');
INSERT INTO pfx_alias VALUES ('anna@example.org', 'anna@example.org', 1, 'example.org'),
  ('bob@example.org', 'bob@example.org,bob#example.org@autoreply.example.org', 1, 'example.org'),
  ('eve@example.org', 'a@b.example', 0, 'example.org'), ('root@example.org', 'root', 1, 'example.org'),
  ('listed@mx.example', 'Listed@mx.example', 1, 'mx.example');
INSERT INTO pfx_alias_domain VALUES ('example.net', 'example.org', 1);
INSERT INTO pfx_vacation VALUES ('bob@example.org', 1), ('eve@example.org', 0);
