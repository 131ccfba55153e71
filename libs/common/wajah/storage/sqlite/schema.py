"""The tables, and what older files lack of them.

Times are Unix seconds, templates opaque, and a NULL quota is unlimited.
"""

from typing import Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS clients (
    client_id TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    n_api_hits INTEGER,
    n_face INTEGER,
    n_facegallery INTEGER,
    created_at REAL NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS deregistrations (
    client_id TEXT PRIMARY KEY,
    at REAL NOT NULL,
    erasing INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE IF NOT EXISTS tokens (
    sha256 BLOB PRIMARY KEY,
    client_id TEXT NOT NULL,
    expires_at REAL
) STRICT;
CREATE INDEX IF NOT EXISTS tokens_of_client ON tokens (client_id);

CREATE TABLE IF NOT EXISTS api_keys (
    sha256 BLOB PRIMARY KEY,
    client_id TEXT NOT NULL,
    api TEXT NOT NULL,
    prefix TEXT NOT NULL,
    collection TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS api_keys_of_client ON api_keys (client_id, created_at);

CREATE TABLE IF NOT EXISTS institutions (
    customer_id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    gallery_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    networks TEXT NOT NULL,
    daily_quota INTEGER NOT NULL,
    created_at REAL NOT NULL,
    day TEXT NOT NULL,
    calls INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS institution_keys (
    fingerprint TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    private BLOB NOT NULL,
    created_at REAL NOT NULL,
    ends_at REAL
) STRICT;
CREATE INDEX IF NOT EXISTS institution_keys_of ON institution_keys (customer_id);

CREATE TABLE IF NOT EXISTS galleries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id TEXT NOT NULL,
    gallery_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    job_id TEXT NOT NULL,
    UNIQUE (client_id, gallery_id)
) STRICT;

CREATE TABLE IF NOT EXISTS changes (
    gallery INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (gallery, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS faces (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    gallery INTEGER NOT NULL,
    user_id TEXT NOT NULL,
    user_name TEXT NOT NULL,
    model_id TEXT NOT NULL,
    template BLOB NOT NULL,
    job_id TEXT NOT NULL,
    replaced INTEGER NOT NULL,
    enrolled_at REAL NOT NULL,
    UNIQUE (gallery, user_id)
) STRICT;
CREATE INDEX IF NOT EXISTS faces_in_order ON faces (gallery, number);

CREATE TABLE IF NOT EXISTS operations (
    job_id TEXT PRIMARY KEY,
    faces INTEGER NOT NULL,
    at REAL NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS transactions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    job TEXT NOT NULL,
    client_id TEXT NOT NULL,
    trx_id TEXT,
    code TEXT NOT NULL,
    gallery_id TEXT,
    user_id TEXT,
    similarity REAL,
    model_id TEXT,
    timings_ms TEXT NOT NULL,
    at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS transactions_of_client ON transactions (client_id, at);

CREATE TABLE IF NOT EXISTS upstream_calls (
    job_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    client_id TEXT NOT NULL,
    gallery_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    user_name TEXT NOT NULL,
    begun_at REAL NOT NULL,
    code TEXT,
    message TEXT NOT NULL,
    answer TEXT,
    settlement TEXT NOT NULL,
    PRIMARY KEY (job_id, stage)
) STRICT;
CREATE INDEX IF NOT EXISTS upstream_calls_of_user ON upstream_calls (client_id, gallery_id, user_id);
CREATE INDEX IF NOT EXISTS upstream_calls_in_order ON upstream_calls (begun_at);

CREATE INDEX IF NOT EXISTS transactions_in_order ON transactions (at);

CREATE TABLE IF NOT EXISTS data_keys (
    client_id TEXT PRIMARY KEY,
    key_id BLOB NOT NULL,
    kek_id TEXT NOT NULL,
    wrapped BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS civilians (
    nik TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    birth_date TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS models (
    model_id TEXT PRIMARY KEY,
    model TEXT NOT NULL
) STRICT;
"""

ADDED_COLUMNS: Final = (
    ("faces", "masked", "INTEGER NOT NULL DEFAULT 0"),
    ("faces", "quality", "TEXT"),
    ("transactions", "quality", "TEXT"),
    ("faces", "consent_ref", "TEXT"),
    ("faces", "retention_until", "REAL"),
)
"""Table, column and type, in order of their coming: a file's `user_version` tells how many of them it has."""

INDEXES_OF_ADDED: Final = """
CREATE INDEX IF NOT EXISTS faces_by_retention ON faces (retention_until) WHERE retention_until IS NOT NULL;
"""
