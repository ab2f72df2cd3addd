def find_users(connection, ids):
    wanted = ", ".join(ids)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, name FROM users WHERE id IN (" + wanted + ")")
        return [{"id": row[0], "name": row[1]} for row in cursor.fetchall()]
