"""The sample province: former Bình Phước with its real names and codes, and nothing else that is real."""

from loader.sample.building import LOAD_NAME, PARCELS, Summary, build, built_as
from loader.sample.model import Era
from loader.sample.progress import shown_on

__all__ = ["LOAD_NAME", "PARCELS", "Era", "Summary", "build", "built_as", "shown_on"]
