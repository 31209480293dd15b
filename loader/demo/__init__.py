"""The demo: units, functions, accounts and agreements of the sample province, and tokens of its accounts."""

from loader.demo.files import Demo, read_demo
from loader.demo.issuing import token_of
from loader.demo.loading import Logins, is_demo, is_due, load, tokens

__all__ = ["Demo", "Logins", "is_demo", "is_due", "load", "read_demo", "token_of", "tokens"]
