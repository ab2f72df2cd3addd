"""Passwords: how they are kept, which ones may be taken, which ones everybody knows.

This is what the rules of scan name as ``guard.auth.password``. :class:`~buckler.guard.Passwords` makes and
checks hashes, :class:`~buckler.guard.PasswordPolicy` judges new ones (NIST SP 800-63B-4, 3.1.1.2), and
:class:`~buckler.guard.PasswordSignIn` puts both together with the store and the lockout.

Threat: stored passwords that can be guessed by whoever reads the table (CWE-916, CWE-759), passwords that are
guessed at the door (CWE-521, CWE-307), and work that stops the application meanwhile (CWE-400).
"""
