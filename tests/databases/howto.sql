-- The howto for Postfix with MySQL, without quotas.
CREATE TABLE domains (domain varchar(255));
CREATE TABLE users (email varchar(255), password varchar(255));
CREATE TABLE forwardings (source varchar(255), destination varchar(255));
CREATE TABLE transport (domain varchar(255), transport varchar(255));
INSERT INTO domains VALUES ('example.org');
INSERT INTO users VALUES ('anna@example.org', 'abQ9KY.KfrYrc');
INSERT INTO forwardings VALUES ('info@example.org', 'anna@example.org, a@b.example,,a@b.example'),
  ('anna@example.org', 'Anna@example.org'), ('@example.org', 'anna@example.org');
INSERT INTO transport VALUES ('example.org', 'smtp:[192.0.2.1]');
