"""The tables of a GeoPackage as SQLite statements. Source: OGC 12-128r17 (GeoPackage 1.3), annexes C and F."""

from functools import lru_cache

from pyproj import CRS

from catalogue.layer import Column, GeometryKind
from catalogue.types import ColumnType

APPLICATION_ID = 0x47504B47
USER_VERSION = 10300

TYPES = {
    ColumnType.TEXT: "TEXT",
    ColumnType.INTEGER: "INTEGER",
    ColumnType.NUMBER: "REAL",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "DATETIME",
    ColumnType.UUID: "TEXT",
    ColumnType.TEXT_ARRAY: "TEXT",
}

TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (
    srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
    table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
    last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
    z TINYINT NOT NULL, m TINYINT NOT NULL,
    CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_extensions (
    table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE gpkg_data_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
    constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
    CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (
    constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN,
    max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
    CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
INSERT INTO gpkg_spatial_ref_sys VALUES
    ('Undefined Cartesian', -1, 'NONE', -1, 'undefined', NULL),
    ('Undefined geographic', 0, 'NONE', 0, 'undefined', NULL);
INSERT INTO gpkg_extensions VALUES
    ('gpkg_data_columns', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec121/#extension_schema', 'read-write'),
    ('gpkg_data_column_constraints', NULL, 'gpkg_schema',
     'http://www.geopackage.org/spec121/#extension_schema', 'read-write');
"""

RTREE_EXTENSION = "http://www.geopackage.org/spec120/#extension_rtree"

# Triggers that keep the spatial index right when somebody edits the file. Their functions ST_* exist in the programs
# that edit GeoPackages, not in SQLite: made after all rows are in.
_TRIGGERS = """
CREATE TRIGGER {index_insert} AFTER INSERT ON {table}
WHEN NEW.{geom} NOT NULL AND NOT ST_IsEmpty(NEW.{geom})
BEGIN INSERT OR REPLACE INTO {index} VALUES (NEW.{key}, {bounds}); END;
CREATE TRIGGER {index_update2} AFTER UPDATE OF {geom} ON {table}
WHEN OLD.{key} = NEW.{key} AND (NEW.{geom} ISNULL OR ST_IsEmpty(NEW.{geom}))
BEGIN DELETE FROM {index} WHERE id = OLD.{key}; END;
CREATE TRIGGER {index_update4} AFTER UPDATE ON {table}
WHEN OLD.{key} != NEW.{key} AND (NEW.{geom} ISNULL OR ST_IsEmpty(NEW.{geom}))
BEGIN DELETE FROM {index} WHERE id IN (OLD.{key}, NEW.{key}); END;
CREATE TRIGGER {index_update5} AFTER UPDATE ON {table}
WHEN OLD.{key} != NEW.{key} AND NEW.{geom} NOTNULL AND NOT ST_IsEmpty(NEW.{geom})
BEGIN DELETE FROM {index} WHERE id = OLD.{key}; INSERT OR REPLACE INTO {index} VALUES (NEW.{key}, {bounds}); END;
CREATE TRIGGER {index_update6} AFTER UPDATE OF {geom} ON {table}
WHEN OLD.{key} = NEW.{key} AND NEW.{geom} NOTNULL AND NOT ST_IsEmpty(NEW.{geom})
 AND OLD.{geom} NOTNULL AND NOT ST_IsEmpty(OLD.{geom})
BEGIN INSERT OR REPLACE INTO {index} VALUES (NEW.{key}, {bounds}); END;
CREATE TRIGGER {index_update7} AFTER UPDATE OF {geom} ON {table}
WHEN OLD.{key} = NEW.{key} AND NEW.{geom} NOTNULL AND NOT ST_IsEmpty(NEW.{geom})
 AND (OLD.{geom} ISNULL OR ST_IsEmpty(OLD.{geom}))
BEGIN INSERT INTO {index} VALUES (NEW.{key}, {bounds}); END;
CREATE TRIGGER {index_delete} AFTER DELETE ON {table}
WHEN OLD.{geom} NOT NULL
BEGIN DELETE FROM {index} WHERE id = OLD.{key}; END;
"""
_TRIGGER_NAMES = ("insert", "update2", "update4", "update5", "update6", "update7", "delete")


def quoted(name: str) -> str:
    """Return a name in quotes, as SQLite reads it."""
    return '"' + name.replace('"', '""') + '"'


def create_table(table: str, key: str, columns: tuple[Column, ...], geometry: tuple[str, GeometryKind] | None) -> str:
    """Return CREATE TABLE: integer key first, geometry last. No NOT NULL: a selection may leave columns out."""
    parts = [f"{quoted(key)} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"]
    parts += [f"{quoted(each.name)} {TYPES[each.type]}" for each in columns]
    if geometry:
        name, kind = geometry
        parts.append(f"{quoted(name)} {kind.value.upper()}")
    return f"CREATE TABLE {quoted(table)} ({', '.join(parts)})"


def create_triggers(table: str, key: str, geometry: str) -> str:
    """Return the triggers of the spatial index. Source: 12-128r17, annex F.3."""
    index = f"rtree_{table}_{geometry}"
    names = {f"index_{each}": quoted(f"{index}_{each}") for each in _TRIGGER_NAMES}
    geom = quoted(geometry)
    bounds = ", ".join(f"ST_{each}(NEW.{geom})" for each in ("MinX", "MaxX", "MinY", "MaxY"))
    return _TRIGGERS.format(
        table=quoted(table), key=quoted(key), geom=geom, index=quoted(index), bounds=bounds, **names
    )


@lru_cache(maxsize=64)
def spatial_ref(srid: int) -> tuple[str, int, str, int, str, None]:
    """Return the row of an EPSG code in ``gpkg_spatial_ref_sys``, with its definition in WKT 1."""
    crs = CRS.from_epsg(srid)
    return crs.name, srid, "EPSG", srid, crs.to_wkt("WKT1_GDAL"), None
