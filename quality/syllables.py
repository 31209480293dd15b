"""Is a word a Vietnamese syllable? Onset, rime and tone, as spelling allows them; no dictionary."""

import re
from functools import lru_cache
from typing import Final

from quality.letters import without_tone

_ONSETS: Final = "b|c|ch|d|đ|g|gh|gi|h|k|kh|l|m|n|ng|ngh|nh|p|ph|qu|r|s|t|th|tr|v|x"
_OPEN: Final = """
a|e|ê|i|o|ô|ơ|u|ư|y|ia|ua|ưa|oa|oe|uê|uơ|uy|uya
|ai|ao|au|ay|âu|ây|eo|êu|iu|iêu|yêu|oi|ôi|ơi|ui|uôi|ưi|ươi|ưu|ươu|oai|oay|oao|oeo|uây|uyu|yu
"""
_NASAL: Final = """
am|an|ang|anh|ăm|ăn|ăng|âm|ân|âng|em|en|eng|êm|ên|ênh|im|in|inh|om|on|ong|oong|ôm|ôn|ông|ơm|ơn
|um|un|ung|ưm|ưn|ưng|ynh|yn|iêm|iên|iêng|yêm|yên|yêng|uôm|uôn|uông|ươm|ươn|ương
|oam|oan|oang|oanh|oăm|oăn|oăng|oen|uân|uâng|uyên|uênh|uyn|uynh
"""
_STOP: Final = """
ap|at|ac|ach|ak|ăp|ăt|ăc|ăk|âp|ât|âc|ep|et|ec|ek|êp|êt|êch|ip|it|ich|ik|op|ot|oc|ooc|ok|ôp|ôt|ôc|ôk
|ơp|ơt|up|ut|uc|uk|ưt|ưc|yt|ych|yp|iêp|iêt|iêc|yêt|uôt|uôc|ươp|ươt|ươc
|oap|oat|oac|oach|oăt|oăc|oet|uât|uyêt|uêch|uyt|uych|uyp
"""
_ANY_TONE: Final = re.compile(rf"(?:{_ONSETS})?(?:{_OPEN}|{_NASAL})", re.VERBOSE)
_STOPPED: Final = re.compile(rf"(?:{_ONSETS})?(?:{_STOP})", re.VERBOSE)
_STOP_TONES: Final = frozenset({"\u0301", "\u0323"})


@lru_cache(maxsize=20_000)
def is_syllable(word: str) -> bool:
    """Say whether a word (NFC, any case) can be spelt in Vietnamese.

    Level tone before a stop is taken too: names of the highlands are written so ("Đak Nhau").
    """
    bare, tones = without_tone(word.lower())
    if len(tones) > 1:
        return False
    if _STOPPED.fullmatch(bare):
        return tones in _STOP_TONES or bare.endswith("k")
    return _ANY_TONE.fullmatch(bare) is not None
