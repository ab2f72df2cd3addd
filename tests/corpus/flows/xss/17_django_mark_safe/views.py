from django.shortcuts import render
from django.utils.safestring import mark_safe


def hello(request):
    name = request.GET.get("name", "friend")
    return render(request, "hello.html", {"greeting": mark_safe("<b>Hello " + name + "</b>")})
