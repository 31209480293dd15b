"""The demo: units, functions, accounts and agreements of the sample province, and their tokens."""
