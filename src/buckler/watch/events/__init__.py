"""Security events that applications send: read, kept, joined with findings, and counted over all applications."""
