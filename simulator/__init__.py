"""The outside world over HTTP in one process: exchanges, news, indices and chat, on one clock, failing on request.

Every provider lives under its own prefix (``/binance``, ``/coincheck``, ...) and speaks its own protocol below it, so
a client is pointed here by its base URL alone. ``app.make_app`` builds it, ``main.serve`` runs it, ``process`` runs it
in tests.
"""
