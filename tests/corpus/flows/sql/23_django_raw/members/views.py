from django.db import connection
from django.http import JsonResponse


def listing(request):
    city = request.GET.get("city", "")
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM members WHERE city = '%s'" % city)
        rows = cursor.fetchall()
    return JsonResponse({"members": rows})
