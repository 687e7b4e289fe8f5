// Draws each figure in the page's own colours, and again when the reader turns light into dark.
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const theme = () => {
  const changes = { "font.color": colour("--soft") };
  for (const axis of ["xaxis", "xaxis2", "yaxis", "yaxis2"]) {
    changes[`${axis}.gridcolor`] = colour("--line");
    changes[`${axis}.linecolor`] = colour("--line");
  }
  return changes;
};
const charts = [...document.querySelectorAll(".chart")];
for (const chart of charts) {
  const { data, layout } = JSON.parse(chart.parentElement.querySelector("script").textContent);
  layout.height = chart.clientHeight;
  Plotly.newPlot(chart, data, layout, { responsive: true, displayModeBar: false, displaylogo: false })
    .then(() => Plotly.relayout(chart, theme()));
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach((chart) => Plotly.relayout(chart, theme())));
