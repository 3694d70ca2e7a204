-- ISPmail, as virtual_domains etc. are in its guide.
CREATE TABLE virtual_domains (id bigint, name varchar(255));
CREATE TABLE virtual_users (id bigint, domain_id bigint, email varchar(255), password varchar(255),
  quota bigint);
CREATE TABLE virtual_aliases (id bigint, domain_id bigint, source varchar(255), destination
  varchar(255));
INSERT INTO virtual_domains VALUES (1, 'Example.org '), (2, NULL);
INSERT INTO virtual_users VALUES
  (1, 1, ' Anna@example.org ', 'acbd18db4cc2f85cedef654fccc4a4d8', 1000), (2, 1, 'bob@example.org', NULL, NULL),
  (3, 1, 'eve@example.org', 'geheim', -5);
INSERT INTO virtual_aliases VALUES
  (1, 1, 'info@example.org', 'bob@example.org'), (2, 1, 'INFO@example.org ', 'x@elsewhere.example'),
  (3, 1, 'müller@example.org', 'a@b.example'), (4, 1, 'info@example.org', 'BOB@example.org'),
  (5, 1, '@example.org', 'anna@example.org'), (6, 1, 'anna@example.org', 'anna@example.org'),
  (7, 1, 'bob@example.org', 'eve@example.org'), (8, 1, 'void@example.org', NULL),
  (9, 1, 'pipe@example.org', '"|/usr/bin/list, x"');
