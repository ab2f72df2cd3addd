from django.urls import path

from views import reset

urlpatterns = [path("accounts/reset/", reset)]
