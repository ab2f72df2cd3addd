"""Where identities are kept: what a store has to do, one in memory, one in SQL."""
