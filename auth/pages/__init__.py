"""The pages of one's own account: sign-in, first use, second factor, tokens."""
