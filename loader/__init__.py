"""Files become validated rows, and rows become tables; the sample province."""
