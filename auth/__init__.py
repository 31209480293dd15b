"""Who may see what: units, functions, accounts, agreements, the policy compiler, tokens and audit."""
