"""A chart of a few hours as one small SVG: shown inside a page, with nothing fetched from anywhere."""

from adapters.charts.draw import Chart, Fan, Line, data_uri, svg

__all__ = ["Chart", "Fan", "Line", "data_uri", "svg"]
