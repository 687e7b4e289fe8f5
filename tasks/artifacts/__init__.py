"""What a person reads on a run's page: words and tables, and charts."""

from tasks.artifacts.charts import show_charts, show_moved
from tasks.artifacts.pages import show_checks, show_decision, show_reconciliation, show_report

__all__ = ["show_charts", "show_checks", "show_decision", "show_moved", "show_reconciliation", "show_report"]
