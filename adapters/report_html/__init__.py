"""A day's report, or a forecast, as one page that opens anywhere: no network, no server, nothing beside the file."""

from adapters.report_html.render import render_fan, render_report

__all__ = ["render_fan", "render_report"]
