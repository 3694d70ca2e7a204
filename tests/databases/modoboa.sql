-- Modoboa; only the columns that an import reads.
CREATE TABLE core_user (id bigint, username varchar(255), password varchar(255), first_name
  varchar(255), last_name varchar(255), is_active bigint, is_local bigint, is_superuser bigint,
  totp_enabled bigint);
CREATE TABLE admin_domain (id bigint, name varchar(255), enabled bigint, type varchar(255), quota
  bigint);
CREATE TABLE admin_domainalias (id bigint, name varchar(255), target_id bigint, enabled bigint);
CREATE TABLE admin_mailbox (id bigint, address varchar(255), quota bigint, domain_id bigint, user_id
  bigint, is_send_only bigint);
CREATE TABLE admin_alias (id bigint, address varchar(255), enabled bigint, internal bigint,
  expire_at datetime);
CREATE TABLE modoboa_admin_aliasrecipient (id bigint, address varchar(255), alias_id bigint);
INSERT INTO core_user VALUES (1, 'admin', 'x', '', '', 1, 1, 1, 0),
  (2, 'anna@example.org', '{SHA512-CRYPT}x', 'Anna', 'Berg', 1, 1, 0, 1),
  (3, 'bob@example.org', 'x', '', '', 0, 0, 0, 0);
INSERT INTO admin_domain VALUES (1, 'example.org', 1, 'domain', 0), (2, 'mx.example', 1,
  'relaydomain', 0);
INSERT INTO admin_domainalias VALUES (1, 'example.net', 1, 1);
INSERT INTO admin_mailbox VALUES (1, 'anna', 2, 1, 2, 1), (2, 'bob', 0, 1, 3, 0);
INSERT INTO admin_alias VALUES (1, 'anna@example.org', 1, 1, NULL),
  (2, 'anna@example.org', 1, 0, NULL), (3, '@example.net', 1, 1, NULL),
  (4, 'info@example.org', 0, 0, NULL), (5, '@example.org', 1, 0, '2020-01-01');
INSERT INTO modoboa_admin_aliasrecipient VALUES (1, 'anna@example.org', 1), (2, 'a@b.example', 2),
  (3, '@example.org', 3), (4, 'anna@example.org', 4), (5, 'bob@example.org', 5);
