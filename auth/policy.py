"""The policy compiler: grants and functions in force to a profile. Pure: no connection, no clock."""
