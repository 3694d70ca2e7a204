"""Stored hashes of the password `foo` in every known scheme, and rows that Dovecot can't read."""

ANNA = "anna@example.org"
MD5 = "acbd18db4cc2f85cedef654fccc4a4d8"
CRAM = "a7cb902940b3f6662c48ace840a4e3e410241e875d720cb45b2d95a3e1ddfc8b"
SHA512_CRYPT = (
    "$6$abcdefgh$j0MVxgmPHdViHdU0fAVeXckk8X1/NT/"
    "aW8qH8f/E9EOXiODjOVOMxvfuGhvV3BoHalJReG2ivQ7nqTG.TS54n."
)
BCRYPT = "$2y$04$gMibB8kjJruBOQwkxvnJPuOfLBRkilJ/IYgPFNnuO2w3d6zSE/ofq"
ARGON2 = "$v=19$m=65536,t=3,p=1$RgwNau9GYiMl6EDds0i6Pg$DbTeHwmdJ6eMyJU+40r91jSo4p8vBkz5fdVa3ZBckj8"
MD5_CRYPT = "$1$abcdefgh$XxzGe9Muun7wTYbZO4sdr0"
DES = "abQ9KY.KfrYrc"
YESCRYPT = "$y$j75$LBqXQGp4qvWTHte0yqFyq0$fFQo19c5umJXXDMzDaoAq4qkXkDH5jTSwIYljm/Pe.9"
# All are of the password foo, written by `doveadm pw` of Dovecot 2.3 unless stated otherwise.
CHEAP = [
    f"{{PLAIN-MD5}}{MD5}",
    "{PLAIN-MD4}0ac6700c491d70fb8650940b1ca1e4b2",
    "{LDAP-MD5}rL0Y20zC+Fzt72VPzMSk2A==",
    "{SMD5}I+u4t8RXu1Ckk0EMSy14UnZComI=",
    "{SHA}C+7Hteo/D9vJXQ3UfzxbwnXaijM=",
    "{SHA1}C+7Hteo/D9vJXQ3UfzxbwnXaijM=",
    "{SHA256}LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=",
    "{SHA512}9/u6bgY2+JDlb7vzKD5STG+jIErimDgtYkdB0NxmODJuKCxBvl5CVNiCB3LFUYosWowMf37aGVlKfrU5RT4e1w==",
    "{SSHA}zSceSNk9/1ogu3+EDT9x/uLwGsUVcVVO",
    "{SSHA256}1yWpWPzes+T5cj1lIIIWx3bep0AqmlgqAqaV6t2eeZfE1e33",
    "{SSHA512}HHCqk2WPjk5dIlPZ6y7Gdgw3sxjm4Evd0mDXxQxTkaYOW2uOKyvSlErkfLouBKXpqPiKy26n7BB589LZBiwl6Ic9sNQ=",
    "{MD5}$1$EUq7iBAh$ZLhkm13CToYV6mLDE4SCo0",
    "{MD5-CRYPT}$1$ELup0AIg$zU8bxvylLTGgaGbhtTU2Q/",
    "{DES-CRYPT}weaIHa2FdRhR6",
    f"{{BLF-CRYPT}}{BCRYPT}",
    "{SHA256-CRYPT}$5$jZcPikB5JdMnB9UN$o3mRcL3/1sFFzpc8e7wZNQ8blomWvsrU8/YldNo4Bh0",
    f"{{SHA512-CRYPT}}{SHA512_CRYPT}",
    "{CRYPT}$2y$05$hkFisrejRrOIc7g/0cowuOHySDnnmiCkAHtogpaTjmECikPFwR7Si",
    f"{{CRAM-MD5}}{CRAM}",  # the recipe's sample
    f"{{HMAC-MD5}}{CRAM}",
    "{DIGEST-MD5}49e31e40b5153f4f1fbf05fb402a14a4",
    "{SCRAM-SHA-1}4096,PbA/IYFEXVyf2Lp6oNDSdg==,7FV976516Oyg7BhjABeU77jM+MY=,"
    "Qjxv2gjLrYRa8oz6oN7iVFPJy8g=",
    "{SCRAM-SHA-256}4096,oZ4MT9PVyKpwEYs96vs7vg==,/5WM9TGng7PPjRAYr2iIOrIhmyA6Iz0jU7oLTOTFdfo=,"
    "H4KWmBFc/uDmXbkfAiRhWDYGhOXz53g1qj5pUE3ALcg=",
    "{PBKDF2}$1$2MbAyTD8BtV0IoPs$5000$8c41d3a4e682504304976cd14bd57142c3eb9ead",
    "{PLAIN}foo",
    "{CLEAR}foo",
    "{CLEARTEXT}foo",
    "{PLAIN-TRUNC}4-foo",
    "{PLAIN.HEX}666f6f",
    "{PLAIN.b64}Zm9v",
    "{SSHA.HEX}43a0e69e2ca5a7e42a9bce1b3fc09dcd07451a1a9ebf076b",
    "{CRAM-MD5.BASE64}p8uQKUCz9mYsSKzoQKTj5BAkHoddcgy0Wy2Vo+Hd/Is=",
    f"{{CRAM-MD5}}{CRAM.upper()}",
    f"{{PLAIN-MD5}}{MD5.upper()}",
    "{SHA512-CRYPT.B64}JDYkaEtITHgxUzAzUzl0TkdmOSRkUGwvby5FTFJ0UFpxWjRGMElWdFlBa1ZST1lsUi9LWExjVTE0"
    "VTFQZEZ4V0VFMHB6bzI1YnlhRjVhT3BLMzIuaVFyYjRRWW4ya0Y0UHVmWlhrUTU0MQ==",
    # PostfixAdmin's authlib and courier flavours, and Dovecot's names in another case
    f"{{md5raw}}{MD5}",
    "{md5}rL0Y20zC+Fzt72VPzMSk2A==",
    f"{{MD5}}{MD5}",
    f"{{crypt}}{SHA512_CRYPT}",
    f"{{sha512-crypt}}{SHA512_CRYPT}",
    "{crypt}weaIHa2FdRhR6",
    # salts with other letters than those of base64, by libxcrypt
    "{SHA512-CRYPT.B64}JDYkcSsvdzhUekIkYlFKVHM4Z1pnVnp1czJubFN1MElENnJlY0tvWjViU0ROMjE5MUdKSUM2ZjVF"
    "WkpzLzBxaTk2cTNaVEtCVmg2RjBYeURKTWZxdDE4VzBzTFMudlluUS8=",
    "$6$kT9+Zz/aQ=@{}|~^$SkVe9fmRqeh.YHENQBhsfsTgcjpiKmK82GjIDQslVjnC6j1QIBoTQhTmGoKDgz7wFCz23XZKHaPYu"
    "e9Vk/KZn1",
    "$6$rounds=1000$a+b$FFrMnu7mXl9n4uq039BInE06MtOfwzZx40uF1OczAxukkJ3DOvYRjgZaES6Rxt6BDQErLeHY4fqw/"
    "VapSpBRt.",
    "$5$sa+lt,?%$s/tdODomzCov16OOQD8ugN8klS8k6oYh5ciMZAf7WYB",
    "$1$sa+lt=$7HW9tdmQXpjI0fO7qipPh/",
    "{MD5}$1$a(b)&c$paeNOxV7.DXm9YV9F7rWp/",
    # bare, by `openssl passwd`
    SHA512_CRYPT,
    "$5$abcdefgh$CW45LGaOXvr/s.wV2oa1hJQDggNQ2Q.kmtERKd8vfa6",
    "$1$abcdefgh$XxzGe9Muun7wTYbZO4sdr0",
    # bare, by MariaDB's ENCRYPT(), MD5(), SHA1(), SHA2() and PASSWORD()
    "$6$$QMXjqd7rHQZPQ1yHsXkQqC1FBzDiVfTHXL.LaeDAeVV.IzMaV9VU4MQ8kPuZa2SOP1A0RPm772EaFYjpEJtdu.",
    "$6$rounds=5000$saltsalt$Jv6SqkiPFOQnGqKahOnGY51ChXzWzziq8eFqy/"
    "vxBYbZHFIirMkOAW8pQzy8xB.kPhS02cevoES8uYosUddER.",
    "$1$c9809462$jYo4whE6kk6iOyiJMqdw2.",
    "abQ9KY.KfrYrc",
    MD5,
    MD5.upper(),
    "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33",
    "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "f7fbba6e0636f890e56fbbf3283e524c6fa3204ae298382d624741d0dc663832"
    "6e282c41be5e4254d8820772c5518a2c5a8c0c7f7eda19594a7eb539453e1ed7",
    "*F3A2A51A9B0F2BE2468926B4132313728C250DBF",
    "26349fe6f276af7590bb7e3448479153:salt",  # pam_mysql's joomla15, by MD5(CONCAT())
    "MpJNrOjJiUIzqnSsZAtPVniXV49zYWx0",  # its ssha, by TO_BASE64()
    # bare bcrypt as PHP, OpenBSD and Python name it; only the prefix differs
    BCRYPT,
    BCRYPT.replace("$2y$", "$2a$"),
    BCRYPT.replace("$2y$", "$2b$"),
    # bare, by libxcrypt's crypt()
    "$y$j75$LBqXQGp4qvWTHte0yqFyq0$fFQo19c5umJXXDMzDaoAq4qkXDkH5jTSwIYljm/Pe.9",
    "$gy$j75$lsX/EKCVqrgxyOCJFYy16.$3NqfQlXL.yO2ws0PF1oKml5ysH7UY570.y06.K5WgB7",
    "$7$7U..../....dz0EGXNxvCR9SVX9QKAzl/$oSAObTl2JQUrTPPIJIqcuB4F5S.9TEANahN26QLcYL6",
]
COSTLY = [
    f"{{ARGON2ID}}$argon2id{ARGON2}",
    "{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$gbdalv+VVjT/6NDpuLucMA$"
    "5NF6qGL6pVJ0I+z+O6Jsc0Us/R7gWjTULTL10agTv0g",
]
# The scheme as which Dovecot 2.3.19 and 2.4.1 read each row, tried with the exported queries.
READ_AS = {
    MD5: "PLAIN-MD5",
    MD5.upper(): "PLAIN-MD5",
    SHA512_CRYPT: "SHA512-CRYPT",
    BCRYPT: "BLF-CRYPT",
    MD5_CRYPT: "MD5-CRYPT",
    DES: "DES-CRYPT",
    YESCRYPT: "CRYPT",
    f"{{crypt}}{SHA512_CRYPT}": "SHA512-CRYPT",
    f"{{CRYPT}}{DES}": "DES-CRYPT",
    f"{{CRYPT}}{MD5_CRYPT}": "MD5-CRYPT",
    f"{{SHA512-CRYPT}}{MD5_CRYPT}": "MD5-CRYPT",
    f"{{SHA256-CRYPT}}{BCRYPT}": "BLF-CRYPT",
    f"{{DES-CRYPT}}{SHA512_CRYPT}": "DES-CRYPT",
    f"{{MD5}}{MD5_CRYPT}": "MD5",
    f"{{md5.hex}}{MD5_CRYPT.encode().hex()}": "MD5",
    f"{{MD5}}{MD5}": "MD5",
    "{md5}rL0Y20zC+Fzt72VPzMSk2A==": "MD5",
    f"{{Plain-Md5}}{MD5}": "PLAIN-MD5",
    f"{{LDAP-MD5}}{MD5}": "LDAP-MD5",
    "{PLAIN-MD5.B64}rL0Y20zC+Fzt72VPzMSk2A==": "PLAIN-MD5",
    "{SHA}0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33": "SHA",
    f"{{CRAM-MD5}}{CRAM}": "CRAM-MD5",
    f"{{cram-md5}}{CRAM.upper()}": "CRAM-MD5",
    "{PLAIN.hex}666f6f": "PLAIN",
}
UNREADABLE = [
    "",
    "foo",
    "{NOPE}foo",
    "{PLAIN}",
    "{PLAIN.HEX}666f6",
    "{PLAIN-TRUNC}foo",
    f"{{MD5RAW}}{MD5[:-1]}",
    "$6$a:b$" + "x" * 86,
    "$6$a b$" + "x" * 86,
    f"{{PLAIN-MD5}}{MD5[:-1]}",
    f"{{PLAIN-MD5}}{MD5}00",
    f"{{CRAM-MD5}}{CRAM[:-2]}",
    f"{{CRAM-MD5}} {CRAM}",
    f"{{CRYPT}}{MD5}",
    f"{{CRYPT}}{{PLAIN-MD5}}{MD5}",
    f"{{BLF-CRYPT}}{SHA512_CRYPT}",
    f"{{MD5-CRYPT}}{SHA512_CRYPT}",
    f"{{MD5}}{DES}",
    f"{{ARGON2ID}}{BCRYPT}",
    "{SHA}C+7Hteo/D9vJXQ3UfzxbwnXaijM",
    "{SHA}C+7Hteo/D9vJXQ3UfzxbwnXaijMAAAA=",
    "{SSHA}C+7Hteo/D9vJXQ3UfzxbwnXaijM=",
    "{SMD5}rL0Y20zC+Fzt72VPzMSk2A==",
    "{SCRAM-SHA-256}4096,,,",
    "{PBKDF2}$1$salt",
    "{CRYPT}ünïcode",
    "{SSHA}ünïcode",
    SHA512_CRYPT[:-1],
    BCRYPT[:-1],
    "*0",
    "!",
]
# Rows that only the panel reads: Courier's MD5, and what pam_mysql reads with another crypt=.
PAGE_ONLY = [
    f"{{MD5RAW}}{MD5}",
    f"{{md5raw.hex}}{MD5}",
    "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33",
    "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "f7fbba6e0636f890e56fbbf3283e524c6fa3204ae298382d624741d0dc663832"
    "6e282c41be5e4254d8820772c5518a2c5a8c0c7f7eda19594a7eb539453e1ed7",
    "*F3A2A51A9B0F2BE2468926B4132313728C250DBF",
    "26349fe6f276af7590bb7e3448479153:salt",
    "MpJNrOjJiUIzqnSsZAtPVniXV49zYWx0",
    COSTLY[0].partition("}")[2],
]
