//! Figures as pictures: bars of throughput, curves of latency.
//!
//! # Place
//! Under the `report` binary.
//! # Holds
//! SVG without a font file: text is text.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

/// Text of at least this many letters would run out of its margin.
const LABEL_LETTERS_MAX: usize = 34;

const BLUE_BAR: RGBColor = RGBColor(52, 101, 164);
const CURVES: [RGBColor; 6] = [
    RGBColor(136, 138, 133),
    RGBColor(52, 101, 164),
    RGBColor(193, 125, 17),
    RGBColor(204, 0, 0),
    RGBColor(78, 154, 6),
    RGBColor(117, 80, 123),
];

/// Writes horizontal bars, the first on top; values are events a second.
///
/// # Errors
///
/// There is nothing to draw, or the file can't be written.
pub fn bars(path: &Path, title: &str, values: &[(String, f64)]) -> Result<(), Box<dyn Error>> {
    let most = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    if most <= 0.0 {
        return Err("no bars to draw".into());
    }
    let height = 70 + 34 * values.len() as u32;
    let root = SVGBackend::new(path, (860, height)).into_drawing_area();
    root.fill(&WHITE)?;
    let text = ("sans-serif", 15).into_font();
    root.draw(&Text::new(title.to_owned(), (16, 14), ("sans-serif", 18).into_font()))?;
    for (row, (name, value)) in values.iter().enumerate() {
        let top = 52 + 34 * row as i32;
        let wide = (value / most * 420.0).round() as i32;
        let name: String = name.chars().take(LABEL_LETTERS_MAX).collect();
        root.draw(&Text::new(name, (16, top + 3), text.clone()))?;
        root.draw(&Rectangle::new([(290, top), (290 + wide.max(1), top + 22)], BLUE_BAR.filled()))?;
        root.draw(&Text::new(thousands(*value), (300 + wide, top + 3), text.clone()))?;
    }
    root.present()?;
    Ok(())
}

/// 1234567 as `1.23 M`, 12345 as `12 k`.
fn thousands(value: f64) -> String {
    match value {
        value if 1e6 <= value => format!("{:.2} M", value / 1e6),
        value if 1e3 <= value => format!("{:.0} k", value / 1e3),
        value => format!("{value:.0}"),
    }
}

/// One line of a plot of latency: quantile from 0 to 1, microseconds.
#[derive(Clone, Debug)]
pub struct Curve {
    /// What it shows.
    pub name: String,
    /// From left to right.
    pub points: Vec<(f64, f64)>,
}

/// Where a quantile stands: the nines as equal steps, as HDR plots have them.
#[must_use]
pub fn nines(quantile: f64) -> f64 {
    -(1.0 - quantile).max(1e-5).log10()
}

/// Writes curves of latency over the nines of the quantile; both axes are logarithmic.
///
/// # Errors
///
/// There is nothing to draw, or the file can't be written.
pub fn latencies(path: &Path, title: &str, curves: &[Curve]) -> Result<(), Box<dyn Error>> {
    let all = || curves.iter().flat_map(|curve| &curve.points).map(|(_, micros)| micros.max(1.0));
    let (low, high) = (all().fold(f64::MAX, f64::min), all().fold(1.0, f64::max));
    if high < low {
        return Err("no curves to draw".into());
    }
    let root = SVGBackend::new(path, (860, 460)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(84)
        .build_cartesian_2d(0.0..5.0_f64, (low * 0.8..high * 1.4).log_scale())?;
    let percent = |nines: &f64| match nines.round() as i32 {
        0 => "0 %".to_owned(),
        1 => "90 %".to_owned(),
        2 => "99 %".to_owned(),
        more => format!("99.{} %", "9".repeat((more - 2) as usize)),
    };
    chart
        .configure_mesh()
        .x_labels(6)
        .x_label_formatter(&percent)
        .y_label_formatter(&|micros| format!("{:.2} ms", micros / 1000.0))
        .x_desc("share of documents answered within")
        .draw()?;
    for (index, curve) in curves.iter().enumerate() {
        let color = CURVES[index % CURVES.len()];
        let points = curve.points.iter().map(|(at, micros)| (nines(*at), micros.max(1.0)));
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(curve.name.clone())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().border_style(BLACK).background_style(WHITE).draw()?;
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(name: &str, draw: impl Fn(&Path) -> Result<(), Box<dyn Error>>) -> String {
        let path = std::env::temp_dir().join(format!("{name}-{}.svg", std::process::id()));
        draw(&path).expect("a plot");
        let text = std::fs::read_to_string(&path).expect("a file");
        std::fs::remove_file(&path).expect("the file was there");
        text
    }

    #[test]
    fn bars_are_as_long_as_their_values() {
        let rows = [("tape".to_owned(), 2_000_000.0), ("plain".to_owned(), 500_000.0)];
        let text = drawn("bars", |path| bars(path, "events/s", &rows));
        assert!(text.contains("width=\"420\"") && text.contains("width=\"105\""), "{text}");
        assert!(text.contains("2.00 M") && text.contains("500 k"), "{text}");
        assert!(bars(Path::new("unused"), "nothing", &[]).is_err());
    }

    #[test]
    fn curves_have_their_names_and_the_nines_are_equal_steps() {
        assert!((nines(0.999) - 3.0).abs() < 1e-9);
        assert!((nines(1.0) - 5.0).abs() < 1e-9);
        let curve =
            Curve { name: "echo at 50 %".to_owned(), points: vec![(0.5, 90.0), (1.0, 4000.0)] };
        let text =
            drawn("curves", |path| latencies(path, "due to change", std::slice::from_ref(&curve)));
        assert!(text.contains("echo at 50 %") && text.contains("99.9 %"), "{text}");
        assert!(latencies(Path::new("unused"), "nothing", &[]).is_err());
    }
}
