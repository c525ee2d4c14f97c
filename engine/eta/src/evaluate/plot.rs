//! Plots as SVG texts.
//!
//! # Place
//! Drawn for [`super::report`].
//! # Method
//! plotters with its SVG backend into a string; no font is opened, the viewer brings its own.
//! # Holds
//! The same figures give the same text.
//! # Does not hold
//! Any computation.

use plotters::prelude::*;

use super::EvaluateError;

const SIZE: (u32, u32) = (760, 320);
const OWN: RGBColor = RGBColor(0, 90, 160);
const OTHER: RGBColor = RGBColor(200, 80, 0);

/// What a line plot shows.
pub(super) struct LinePlot<'a> {
    pub(super) title: &'a str,
    pub(super) x_name: &'a str,
    pub(super) y_name: &'a str,
    /// The figures.
    pub(super) points: &'a [(f64, f64)],
    /// What they ought to be.
    pub(super) reference: &'a [(f64, f64)],
    pub(super) x_range: (f64, f64),
    pub(super) y_range: (f64, f64),
}

/// A line with its dots, over a reference line.
pub(super) fn line(plot: &LinePlot<'_>) -> Result<String, EvaluateError> {
    let mut svg = String::new();
    draw_line(&mut svg, plot).map_err(|error| EvaluateError::Plot(error.to_string()))?;
    Ok(svg)
}

fn draw_line(svg: &mut String, plot: &LinePlot<'_>) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(plot.title, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(plot.x_range.0..plot.x_range.1, plot.y_range.0..plot.y_range.1)?;
    chart
        .configure_mesh()
        .x_desc(plot.x_name)
        .y_desc(plot.y_name)
        .light_line_style(WHITE.mix(0.0))
        .draw()?;
    chart.draw_series(LineSeries::new(plot.reference.iter().copied(), OTHER.stroke_width(1)))?;
    chart.draw_series(LineSeries::new(plot.points.iter().copied(), OWN.stroke_width(2)))?;
    chart.draw_series(plot.points.iter().map(|at| Circle::new(*at, 3, OWN.filled())))?;
    root.present()?;
    Ok(())
}

/// Bars with their names and values, the first in the color of this project.
pub(super) fn bars(title: &str, bars: &[(String, f64)]) -> Result<String, EvaluateError> {
    let mut svg = String::new();
    draw_bars(&mut svg, title, bars).map_err(|error| EvaluateError::Plot(error.to_string()))?;
    Ok(svg)
}

fn draw_bars(
    svg: &mut String,
    title: &str,
    bars: &[(String, f64)],
) -> Result<(), Box<dyn std::error::Error>> {
    let height = 48 + 28 * bars.len() as u32;
    let root = SVGBackend::with_string(svg, (SIZE.0, height)).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new(title.to_owned(), (12, 10), ("sans-serif", 16)))?;
    let most = bars.iter().map(|bar| bar.1).fold(f64::MIN_POSITIVE, f64::max);
    for (row, (name, value)) in bars.iter().enumerate() {
        let top = 40 + 28 * row as i32;
        let width = (value / most * 400.0) as i32;
        let color = if row == 0 { OWN } else { OTHER };
        root.draw(&Text::new(name.clone(), (12, top + 3), ("sans-serif", 14)))?;
        root.draw(&Rectangle::new([(230, top), (230 + width, top + 20)], color.filled()))?;
        let shown = format!("{value:.2}");
        root.draw(&Text::new(shown, (238 + width, top + 3), ("sans-serif", 14)))?;
    }
    root.present()?;
    Ok(())
}
