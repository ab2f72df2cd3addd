"""What programs make of their arguments: where ``--`` may stand, and which of them start others."""

from __future__ import annotations

from collections.abc import Sequence

VALUE = "\0"
"""Stands for a value in a word."""

_WITHOUT_END = frozenset(
    "awk bash composite convert dash dd dig docker echo env expr ffmpeg ffprobe find gawk gs identify ip java "
    "kubectl magick make mawk mogrify montage nice node nohup npm npx nslookup openssl perl php podman python "
    "python3 ruby service sh ssh sudo systemctl tesseract test timeout unzip xargs yarn zsh".split()
)
"""Programs for which ``--`` does not end the options, or that read what follows in another way."""

_READ_CODE = frozenset(
    "awk bash dash env gawk ksh mawk node perl php python python3 ruby sed sh ssh sudo xargs zsh".split()
)
"""Programs that start others on behalf of a plain argument."""

_START_OTHERS = frozenset("find git man nmap rsync scp sort split tar tcpdump vim wget zip".split())
"""Programs with options that name a program to be started."""

UNIX = {
    "basename": "az:s",
    "cat": "AbeEnstTuv",
    "chmod": "cfvR",
    "chown": "cfhvRHLP",
    "cksum": "z:al",
    "comm": "123z",
    "cp": "abdfiHlLnPpRrsTuvx:tS",
    "cut": "nsz:bcdf",
    "date": "uR:dfrs",
    "df": "ahHiklPTv:Btx",
    "diff": "abBcdeEilnNpqrstTuwyZ:CFILSUWxX",
    "dirname": "z",
    "du": "0abcDhHklLmPsSx:BdtX",
    "file": "bhikLNnprsz:eFfmP",
    "fold": "bs:w",
    "grep": "abcEFGhHiIlLnoPqrRsTUvwxyzZ:ABCdDefm",
    "gunzip": "acdfhklLnNqrtv123456789:bS",
    "gzip": "acdfhklLnNqrtv123456789:bS",
    "head": "qvz0123456789:cn",
    "id": "aGgnruzZ",
    "join": "iz:12aejotv",
    "ln": "bdFfiLnPrsTv:St",
    "ls": "1aAbBcCdDfFgGhHiklLmnNopqQrRsStuUvxXZ:ITw",
    "md5sum": "bctwz",
    "mkdir": "pv:m",
    "mv": "bfinTuv:St",
    "nl": "p:bdfhilnsvw",
    "paste": "sz:d",
    "ping": "46abAdDfLnOqrRUv:cFiIlmMNpQsStTwW",
    "readlink": "efmnqsvz",
    "realpath": "eELmPqsz",
    "rm": "dfiIrRv",
    "rmdir": "pv",
    "seq": "w:fs",
    "sha1sum": "bctwz",
    "sha256sum": "bctwz",
    "sha512sum": "bctwz",
    "sort": "bcCdfghiMmnRrsuVz:koStT",
    "split": "deux:abClnt",
    "stat": "fLt:c",
    "tac": "br:s",
    "tail": "fFqvz0123456789:cns",
    "tar": "acjJhOprtuvxz:bCfTVX",
    "touch": "acfhm:drt",
    "tr": "cCdst",
    "traceroute": "46dFIn",
    "uniq": "cdDiuz:fsw",
    "wc": "clLmw",
    "whois": "HQ:hp",
    "xz": "0123456789cdefklqQtvz:CFMST",
}
"""Programs of Unix systems that no shell has built in, and that end their options at ``--``.

The letters are their options without a value; those behind the colon have one.
"""

_OTHERS = {"curl": "fgkLsS:dHmoTuwxX", "host": "46a:t", "less": "", "wget": "cqSv:OPUo"}
"""Further ones that end their options at ``--``."""

_OF_GIT = frozenset("add branch clone fetch init ls-remote merge mv pull push rm tag".split())
"""Commands of git for which what follows ``--`` is what it was; for others it is a path then."""


def ends_at_dashes(program: str) -> bool:
    """Whether a program is known to end its options at ``--``."""
    return program in UNIX or program in _OTHERS or program == "git"


def starts_others(words: Sequence[str]) -> bool:
    """Whether a value among the words may name a program, so that no list of arguments makes it harmless."""
    program = name_of(words[0])
    if program in _READ_CODE:
        return any(VALUE in word for word in words)
    return program in _START_OTHERS and any(w.startswith("-") and VALUE in w for w in words)


def may_end(words: Sequence[str], place: int) -> bool:
    """Whether ``--`` may stand before a word, and changes nothing for words that are no options."""
    program = name_of(words[0])
    if (
        not program
        or program in _WITHOUT_END
        or any(w.startswith("-") and w != "-" for w in words[place:])
    ):
        return False
    if program == "git" and (place < 2 or words[1] not in _OF_GIT):
        return False
    if program == "tar" and place > 1 and not words[1].startswith("-"):
        return False  # letters without a dash take what follows as their values
    return place < 2 or not words[place - 1].startswith("-") or _is_whole(program, words[place - 1])


def name_of(word: str) -> str:
    """A program without its folder."""
    return word.rpartition("/")[2]


def _is_whole(program: str, option: str) -> bool:
    """Whether an option is known to take nothing of what follows it."""
    if option == "-":
        return True  # the standard input, or the value of the option before
    if VALUE in option or option == "--":
        return False
    if option.startswith("--"):
        return "=" in option
    flags, _, valued = {**UNIX, **_OTHERS}.get(program, "").partition(":")
    rest = option[1:].lstrip(flags) if flags else option[1:]
    return not rest or (rest[0] in valued and len(rest) > 1)
