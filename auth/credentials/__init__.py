"""What proves who asks: passwords, second factors, sessions, tokens, and their ends."""
