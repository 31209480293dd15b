"""What is published: layers, collections, columns and profiles as values. No database."""
