"""The tree of land-use codes in force, for sums over groups."""

from typing import Final

from loader import codelists
from loader.sample.model import SYSTEM

PARENTS: Final = {
    code.code: code.parent
    for code in codelists.read()
    if code.code_list == "loai_dat" and code.system == SYSTEM and code.parent
}
"""Parent of each code that has one."""
