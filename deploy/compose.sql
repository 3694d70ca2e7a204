-- Run once by MariaDB's container: the tables that Postfix and Dovecot read are a database of their own.
CREATE DATABASE IF NOT EXISTS mail CHARACTER SET utf8mb4;
GRANT ALL ON mail.* TO mailadmin@'%';
