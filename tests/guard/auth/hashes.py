"""Hashes that other systems made, with the passwords they are of.

Origins: PASSLIB are the vectors of passlib 1.7.4's own tests (those of bcrypt come from Openwall's crypt_blowfish, two
of scrypt from its paper); OTHERS were made with Django 5.2.19, werkzeug 3.1.9 and passlib 1.7.4 out of PASSWORD.
"""

from __future__ import annotations

TABLE = "t\u00e1\u0411\u2113\u0259"
WAV = "\u0399\u03c9\u03b1\u03bd\u03bd\u03b7\u03c2"
PASSWORD = "correct horse ä battery"
LONG = ("abc123" * 12)[:72]

PASSLIB = [
    ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
    ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
    (
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
        "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
    ),
    ("\u0451", "$2y$05$6bNw2HLQYeqHYyBfLMsv/OUcZd0LKP39b87nBw3.S2tVZSqiQX6eu"),
    ("", "$bcrypt-sha256$2a,5$E/e/2AOhqM5W/KJTFQzLce$F6dYSxOdAEoJZO2eoHUZWZljW/e0TXO"),
    ("password", "$bcrypt-sha256$2a,5$5Hg1DKFqPE8C2aflZ5vVoe$12BjNE0p7axMg55.Y/mHsYiVuFBDQyu"),
    (TABLE, "$bcrypt-sha256$2b,5$.US1fQ4TQS.ZTz/uJ5Kyn.$QNdPDOTKKT5/sovNz1iWg26quOU4Pje"),
    (LONG, "$bcrypt-sha256$2b,5$X1g1nh3g0v4h6970O68cxe$r/hyEtqJ0teqPEmfTLoZ83ciAI1Q74."),
    (LONG + "qwr", "$bcrypt-sha256$2b,5$X1g1nh3g0v4h6970O68cxe$021KLEif6epjot5yoxk0m8I0929ohEa"),
    ("", "$bcrypt-sha256$v=2,t=2b,r=5$E/e/2AOhqM5W/KJTFQzLce$WFPIZKtDDTriqWwlmRFfHiOTeheAZWe"),
    (
        "password",
        "$bcrypt-sha256$v=2,t=2b,r=5$5Hg1DKFqPE8C2aflZ5vVoe$wOK1VFFtS8IGTrGa7.h5fs0u84qyPbS",
    ),
    (TABLE, "$bcrypt-sha256$v=2,t=2b,r=5$.US1fQ4TQS.ZTz/uJ5Kyn.$pzzgp40k8reM1CuQb03PvE0IDPQSdV6"),
    (
        LONG + "xyz",
        "$bcrypt-sha256$v=2,t=2b,r=5$X1g1nh3g0v4h6970O68cxe$zC/1UDUG2ofEXB6Onr2vvyFzfhEOS3S",
    ),
    ("password", "$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI"),
    (WAV, "$pbkdf2$1212$THDqatpidANpadlLeTeOEg$HV3oi1k5C5LQCgG1BMOL.BX4YZc"),
    (
        "password",
        "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ",
    ),
    (
        WAV,
        "$pbkdf2-sha256$1212$3SABFJGDtyhrQMVt1uABPw$WyaUoqCLgvz97s523nF4iuOqZNbp5Nt8do/cuaa7AiI",
    ),
    (
        "password",
        "$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow$eNLfBK.eVozomMr.1gYa1"
        "7k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww",
    ),
    ("", "$scrypt$ln=4,r=1,p=1$$d9ZXYjhleyA7GcpCwYoEl/FrSETjB0ro39/6P+3iFEI"),
    ("password", "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWI"),
    (
        "pleaseletmein",
        "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI",
    ),
    (
        "nacl",
        "$scrypt$ln=1,r=4,p=2$yhnD+J+Tci4lZCwFgHCuVQ$fAsEWmxSHuC0cHKMwKVFPzrQukgvK09Sj+NueTSxKds",
    ),
]
OTHERS = {
    "django pbkdf2": "pbkdf2_sha256$1000$saltsaltsalt$HI8K4d2/vizoFCWDMIMkBBVtTYs+yq5fTo6VDMrn81w=",
    "django pbkdf2 sha1": "pbkdf2_sha1$1000$saltsaltsalt$N6/nibBqeRUjlGZp5T0jc9wL7J8=",
    "django argon2": "argon2$argon2id$v=19$m=256,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA"
    "$NdpkEBXTito9aIdZJSHpKgkUQHVxaVJpx1fbOBoR5z0",
    "django bcrypt_sha256": "bcrypt_sha256$$2b$04$tyXq9VCF/rBx82oUVU2LX.ldZMsVSHTXK.VFxFI0We4czE9y4Qun2",
    "django bcrypt": "bcrypt$$2b$04$qvAn3.Mq1iDOYvi96SJfHOkELWuTUAnzJMW5tDGtd5M.xyI5kMG4m",
    "django scrypt": "scrypt$1024$saltsaltsalt$8$5$otN4wqoMT6wm02vdSQ+bW/tHaP2u7cYpJiTgzfun51IpMV7dJc/wImPoi"
    "oqvd7jumji41Q+Cq/VPVobbwSYcwA==",
    "werkzeug scrypt": "scrypt:1024:8:1$uQIgoWnRiSwXNWGm$d4f23d25611caa74c3696c890a2232828f338019aace5fafee16799"
    "634324811499b12565ea973453532e6758c99dbfca6ce45e513594a9c207d300bb5b55aa6",
    "werkzeug pbkdf2": "pbkdf2:sha256:1000$u4FTSK0witU0OKl6"
    "$c4c2c0e1f493d2524d089a65949939cfca512d4aa6635c627cb96a356e51d7a1",
    "werkzeug pbkdf2 sha1": "pbkdf2:sha1:1000$CLaJbhCOzTHw9C5c$1e5eb7d64fb077f24acfe2a5b811fae6bb62bd94",
    "werkzeug pbkdf2 sha512": "pbkdf2:sha512:1000$YaqBjoXMDPZ1aeCC$9e34aba205cb397af6b0053cb3a84fa1f0137a4db6553"
    "a8736b6c57be57c859c33523fcb2cf66d0e046bc618d206e96fb4322922f625b7a6ae86077af8140d3c",
    "passlib pbkdf2 sha512": "$pbkdf2-sha512$1000$mFPqvbeWslYKASDkXKsVIg$RiuLO.N3X1ZvBBSgZCB8O3NeMJZZDP.j/"
    "YZ6KFQFIJqhRjhm1YrqMtnYkE8oVygpuA0v0VTh2QBTWSFwWHLdkw",
    "passlib scrypt": "$scrypt$ln=10,r=8,p=1$s5YSAkBIqdUaw3jP+T8nBA$eiXecHeoU3cEwAbwW5xdy96G7X+ha4SR6Wxez18Nqas",
    "passlib argon2i": "$argon2i$v=19$m=256,t=1,p=2$kpKyNqZ0rvXeW+udU0rJ2Q$fszwCMDVqGaJvOSaT2a5sFyarvWTs1lNy45B+zEcBf8",
}
