"""Who may do what: permissions, roles, owners, and the audit that finds the route that says nothing."""
