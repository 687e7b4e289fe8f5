"""One story per file; each body reads as a table of contents.

FLOWS names every flow and where it is, so that listing them imports none of them.
"""

FLOWS = {
    "collect_prices": "flows.collect_prices:collect_prices",
    "collect_news": "flows.collect_news:collect_news",
    "collect_context": "flows.collect_context:collect_context",
    "analyze": "flows.analyze:analyze",
    "execute_orders": "flows.execute_orders:execute_orders",
    "monitor_positions": "flows.monitor_positions:monitor_positions",
    "reconcile": "flows.reconcile:reconcile",
    "report_daily": "flows.report_daily:report_daily",
    "data_docs": "flows.data_docs:data_docs",
    "backfill": "flows.backfill:backfill",
    "archive": "flows.archive:archive",
    "backup": "flows.backup:backup",
    "remediate_error": "flows.remediate_error:remediate_error",
}
