"""The conformance classes that tests prove, and no other."""

_OGC = "http://www.opengis.net/spec/"

CLASSES: tuple[str, ...] = (
    *(f"{_OGC}ogcapi-common-1/1.0/conf/{each}" for each in ("core", "landing-page", "json", "html", "oas30")),
    # The draft of Common Part 2 writes https; clients know both spellings.
    *(
        f"{scheme}://www.opengis.net/spec/ogcapi-common-2/1.0/conf/{each}"
        for scheme in ("http", "https")
        for each in ("collections", "json", "html")
    ),
    *(
        f"{_OGC}ogcapi-common-3/1.0/conf/{each}"
        for each in ("schemas", "returnables-and-receivables", "queryables", "sortables", "advanced-property-roles")
    ),
    *(f"{_OGC}ogcapi-features-1/1.0/conf/{each}" for each in ("core", "oas30", "html", "geojson")),
    f"{_OGC}ogcapi-features-2/1.0/conf/crs",
    *(
        f"{_OGC}ogcapi-features-3/1.0/conf/{each}"
        for each in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(
        f"{_OGC}cql2/1.0/conf/{each}"
        for each in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "accent-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "array-functions",
            "property-property",
            "functions",
            "arithmetic",
        )
    ),
    *(f"{_OGC}ogcapi-features-6/1.0/conf/{each}" for each in ("properties", "properties-features")),
    *(f"{_OGC}ogcapi-features-7/1.0/conf/{each}" for each in ("zoom-level", "zoom-level-features")),
    *(f"{_OGC}ogcapi-features-8/1.0/conf/{each}" for each in ("sorting", "features-sorting", "sortables")),
    *(f"{_OGC}ogcapi-features-9/0.0/conf/{each}" for each in ("text-search", "features-text-search")),
    # Annexes of the standard and its tables spell some classes differently; clients know one spelling or the other.
    *(
        f"{_OGC}ogcapi-records-1/1.0/conf/{each}"
        for each in (
            "record-core",
            "record-collection",
            "record-core-query-parameters",
            "record-api",
            "records-api",
            "sorting",
            "filtering",
            "cql-filter",
            "autodiscovery",
            "json",
            "html",
            "oas30",
            "searchable-catalog",
            "searchable-catalog-sorting",
            "searchable-catalog/sorting",
            "searchable-catalog-filtering",
            "searchable-catalog/filtering",
            "local-resources-catalog",
            "local-resources-catalog-query-parameters",
            "local-resources-catalog/query-parameters",
        )
    ),
    *(f"{_OGC}json-fg-1/1.0/conf/{each}" for each in ("core", "types-schemas", "api")),
)
