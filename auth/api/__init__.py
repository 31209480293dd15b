"""The admin API: every act on units, accounts, agreements and audit, as JSON over HTTP."""
