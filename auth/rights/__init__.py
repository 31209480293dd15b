"""What is in force: profiles of accounts, published, kept up to date and explained."""
