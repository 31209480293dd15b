"""Commands for every act on units, accounts, agreements, tokens and audit."""
