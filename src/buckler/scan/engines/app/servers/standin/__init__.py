"""Stand-ins for database servers that are not on the machine: the protocol is real, the data is not."""
