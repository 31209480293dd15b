"""The Sở and the units agree: packages, requests, agreements, who manages what, and what moves with a reform."""
