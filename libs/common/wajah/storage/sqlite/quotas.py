"""What is left of a client's quotas, in SQLite: taken and given back in the transaction of what it is for.

In the file a quota without limit is NULL, and NULL less one is NULL.
"""

import sqlite3

from wajah.storage.ports import NotRegistered, Quota, QuotaUsedUp


def take(connection: sqlite3.Connection, client_id: str, quota: Quota, amount: int = 1) -> None:
    """Raises NotRegistered for an unknown client, QuotaUsedUp where less is left."""
    column = quota.value
    taken = connection.execute(
        f"UPDATE clients SET {column} = {column} - :amount "  # noqa: S608 - a column's name
        f"WHERE client_id = :client_id AND ({column} IS NULL OR {column} >= :amount)",
        {"amount": amount, "client_id": client_id},
    )
    if not taken.rowcount:
        known = connection.execute("SELECT 1 FROM clients WHERE client_id = ?", (client_id,)).fetchone()
        raise NotRegistered if known is None else QuotaUsedUp(quota)


def give_back(connection: sqlite3.Connection, client_id: str, quota: Quota, amount: int = 1) -> None:
    column = quota.value
    connection.execute(
        f"UPDATE clients SET {column} = {column} + ? WHERE client_id = ?",  # noqa: S608 - a column's name
        (amount, client_id),
    )


def holdings(connection: sqlite3.Connection, client_id: str) -> dict[Quota, int]:
    """How many faces and galleries a client has."""
    faces, galleries = connection.execute(
        "SELECT count(faces.number), count(DISTINCT galleries.number) "
        "FROM galleries LEFT JOIN faces ON faces.gallery = galleries.number WHERE client_id = ?",
        (client_id,),
    ).fetchone()
    return {Quota.FACES: faces, Quota.GALLERIES: galleries}
