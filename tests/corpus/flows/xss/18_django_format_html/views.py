from django.shortcuts import render
from django.utils.html import format_html


def hello(request):
    name = request.GET.get("name", "friend")
    return render(request, "hello.html", {"greeting": format_html("<b>Hello {}</b>", name)})
