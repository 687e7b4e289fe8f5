"""The verbs of the pipeline as plain functions over ports: what a task runs, and what a test runs without Prefect.

``ports`` and values come in as arguments, time too. Nothing here knows which exchange, table or clock it is given.
"""
