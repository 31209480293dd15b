"""The OpenAPI document and the JSON Schemas of a profile. Pure: values in, dictionaries out."""
