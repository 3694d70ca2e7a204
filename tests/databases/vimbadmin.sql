-- ViMbAdmin 3; only the columns that an import reads.
CREATE TABLE domain (id bigint, domain varchar(255), description varchar(255), max_mailboxes bigint,
  max_aliases bigint, max_quota bigint, quota bigint, transport varchar(255), backupmx bigint,
  active bigint);
CREATE TABLE mailbox (id bigint, Domain_id bigint, username varchar(255), password varchar(255),
  name varchar(255), quota bigint, active bigint, delete_pending bigint, access_restriction
  varchar(255), homedir varchar(255), maildir varchar(255));
CREATE TABLE alias (id bigint, Domain_id bigint, address varchar(255), goto varchar(255), active
  bigint);
CREATE TABLE admin (id bigint, username varchar(255));
INSERT INTO domain VALUES (1, 'example.org', NULL, 5, 0, 2000, 5000, 'virtual', 0, 1),
  (2, 'mx.example', NULL, 0, 0, 0, 0, 'virtual', 1, 1);
INSERT INTO mailbox VALUES
  (1, 1, 'anna@example.org', '{BLF-CRYPT}$2y$05$cuNy3u5z60keFzffs4mJS.tkixkAGknzk6gib2O1f1oVuHTN6rT5m', 'Anna', 1000, 1, 0, 'ALL', '/srv/vmail/x', 'maildir:/srv/x'),
  (2, 1, 'bob@example.org', 'C+7Hteo/D9vJXQ3UfzxbwnXaijM=', NULL, 2000, 0, NULL, 'IMAP', NULL, NULL),
  (3, 1, 'gone@example.org', 'x', NULL, 0, 1, 1, 'ALL', NULL, NULL);
INSERT INTO alias VALUES (1, 1, 'anna@example.org', 'anna@example.org', 1),
  (2, 1, 'info@example.org', 'anna@example.org,a@b.example', 0);
INSERT INTO admin VALUES (1, 'root@example.org');
