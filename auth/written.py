"""Values as JSON knows them, for answers over HTTP and on the command line."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, cast

from pydantic import BaseModel


def content_of(value: object) -> Any:
    """Return a value as JSON knows it."""
    match value:
        case Enum():
            return value.value
        case datetime() | date():
            return value.isoformat()
        case BaseModel():
            return value.model_dump(mode="json")
        case Mapping():
            return {str(key): content_of(each) for key, each in cast("Mapping[object, object]", value).items()}
        case set() | frozenset():
            return sorted(content_of(each) for each in cast("frozenset[object]", value))
        case list() | tuple():
            return [content_of(each) for each in cast("list[object]", value)]
        case _ if is_dataclass(value):
            return {field.name: content_of(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value
