CREATE USER IF NOT EXISTS {{ user }}@'{{ at }}' IDENTIFIED BY {{ password }};
SET @old = (SELECT authentication_string FROM mysql.user WHERE User = {{ user }} AND Host = '{{ at }}');
SET @identified = CONCAT('IDENTIFIED BY ', QUOTE({{ password }})/*!80014 , ' RETAIN CURRENT PASSWORD' */);
/*M!100400 SET @identified = IF(@can_keep AND @old LIKE '*%' AND @old <> PASSWORD({{ password }}), CONCAT(
    'IDENTIFIED VIA mysql_native_password USING PASSWORD(', QUOTE({{ password }}), ')',
    ' OR mysql_native_password USING ', QUOTE(@old)), @identified) */;
SET @alter_user = CONCAT('ALTER USER ', QUOTE({{ user }}), '@', QUOTE('{{ at }}'), ' ', @identified, ' REQUIRE {% if host.database.authority %}SSL{% else %}NONE{% endif %}');
PREPARE alter_user FROM @alter_user;
EXECUTE alter_user;
DEALLOCATE PREPARE alter_user;
