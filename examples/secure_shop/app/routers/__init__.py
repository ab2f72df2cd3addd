"""The shop's HTTP interface, one module per area."""
