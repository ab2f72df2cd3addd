"""JSON Web Tokens under a policy that no token and no option can loosen (RFC 7519, RFC 8725, RFC 9068).

The mathematics are joserfc's; which algorithm, which key, which form and which claims count is decided here.
"""
