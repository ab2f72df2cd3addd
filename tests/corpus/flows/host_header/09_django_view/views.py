import secrets
import smtplib

from django.http import JsonResponse


def reset(request):
    token = secrets.token_urlsafe(24)
    link = request.build_absolute_uri(f"/accounts/new/{token}/")
    with smtplib.SMTP("localhost") as server:
        server.sendmail("shop@shop.example", ["customer@shop.example"], f"Subject: Reset\n\n{link}")
    return JsonResponse({"state": "sent"})
