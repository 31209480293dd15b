"""Units, their functions and accounts, who signs in, who leaves."""
