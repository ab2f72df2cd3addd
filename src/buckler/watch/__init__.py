"""Scans again and again, keeps the history, and tells when something opens: the service.

The layers, from the inside out: :mod:`~buckler.watch.life` and :mod:`~buckler.watch.schedule` decide and touch
nothing; :mod:`~buckler.watch.db` keeps; :mod:`~buckler.watch.scanning` looks; :mod:`~buckler.watch.workflows` puts
these together; :mod:`~buckler.watch.engine` makes the work durable; the application and the command show it.
"""
