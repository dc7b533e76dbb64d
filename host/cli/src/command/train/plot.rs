//! Learning curves as SVG.

use super::run::{Run, Runs};
use crate::{CliError, output};
use plotters::coord::Shift;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use satkit_host::train::EpochRecord;
use std::io::{self, Write as _};
use std::path::Path;

/// Size of the picture in pixels.
const SIZE: (u32, u32) = (960, 420);
/// The method's colour, then dense's: told apart by colour-blind readers too.
const COLOURS: [RGBColor; 2] = [RGBColor(0x00, 0x5a, 0xb5), RGBColor(0xdc, 0x6a, 0x1a)];
const TEXT: RGBColor = RGBColor(0x33, 0x33, 0x33);
const GRID: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);

/// A curve's value in an epoch.
type Value = fn(&EpochRecord) -> f64;

/// One half of the picture.
struct Panel {
    caption: &'static str,
    value: Value,
    /// True if the axis goes by powers of ten.
    is_logarithmic: bool,
    /// Lowest and highest value of the axis.
    range: (f64, f64),
    /// Where the legend hides no curve.
    legend: SeriesLabelPosition,
}

/// Draws test accuracy and training loss by epoch, whole or not at all.
///
/// # Errors
/// [`CliError::Write`] naming the file.
pub(super) fn draw(path: &Path, title: &str, runs: &Runs) -> Result<(), CliError> {
    let mut svg = String::new();
    // Drawing into a string does not fail; if it did, nothing would be written.
    picture(&mut svg, title, runs).map_err(|reason| CliError::Write {
        path: path.into(),
        source: io::Error::other(reason),
    })?;
    output::write_atomically(path, |file| file.write_all(svg.as_bytes()))
}

fn picture(svg: &mut String, title: &str, runs: &Runs) -> Result<(), String> {
    let runs: Vec<&Run> = runs.distinct().collect();
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE).map_err(|error| words(&error))?;
    let font = ("sans-serif", 20).into_font().color(&TEXT);
    let root = root.titled(title, font).map_err(|error| words(&error))?;
    let (left, right) = root.split_horizontally(SIZE.0 / 2);
    let accuracy: Value = |record| record.test_accuracy * 100.0;
    let loss: Value = |record| record.train_loss;
    let lowest = extent(&runs, accuracy).map_or(0.0, |(low, _)| low);
    // A loss of exactly 0 has no place on its axis.
    let (low_loss, high_loss) = extent(&runs, loss).unwrap_or((0.1, 1.0));
    let panels = [
        Panel {
            caption: "test accuracy in %",
            value: accuracy,
            is_logarithmic: false,
            // From the ten below the worst epoch.
            range: (((lowest / 10.0).floor() * 10.0 - 1.0).clamp(0.0, 90.0), 100.5),
            legend: SeriesLabelPosition::LowerRight,
        },
        Panel {
            caption: "train loss",
            value: loss,
            is_logarithmic: true,
            range: (low_loss / 1.3, high_loss * 1.3),
            legend: SeriesLabelPosition::UpperRight,
        },
    ];
    for (area, panel) in [left, right].iter().zip(panels) {
        panel.draw(area, &runs)?;
    }
    root.present().map_err(|error| words(&error))
}

/// Lowest and highest positive value of all runs, if there is any.
fn extent(runs: &[&Run], value: Value) -> Option<(f64, f64)> {
    let values = runs.iter().flat_map(|run| run.report.history.iter().map(value));
    let values = values.filter(|value| value.is_finite() && *value > 0.0);
    values.fold(None, |extent, value| {
        let (low, high) = extent.unwrap_or((value, value));
        Some((f64::min(low, value), f64::max(high, value)))
    })
}

impl Panel {
    fn draw(self, area: &DrawingArea<SVGBackend<'_>, Shift>, runs: &[&Run]) -> Result<(), String> {
        let epochs = runs.iter().map(|run| run.report.history.len()).max().unwrap_or(0).max(2);
        let epochs = 1.0..epochs as f64;
        let values = self.range.0..self.range.1;
        let mut builder = ChartBuilder::on(area);
        builder.margin(14).x_label_area_size(42).y_label_area_size(58);
        let words = |error: &dyn std::fmt::Display| error.to_string();
        if self.is_logarithmic {
            let chart = builder.build_cartesian_2d(epochs, values.log_scale());
            self.fill(chart.map_err(|error| words(&error))?, runs)
        } else {
            let chart = builder.build_cartesian_2d(epochs, values);
            self.fill(chart.map_err(|error| words(&error))?, runs)
        }
    }

    fn fill<'a, Y>(
        &self,
        mut chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, Y>>,
        runs: &[&Run],
    ) -> Result<(), String>
    where
        Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        let words = |error: &dyn std::fmt::Display| error.to_string();
        let font = |size: u32| ("sans-serif", size).into_font().color(&TEXT);
        let epochs = chart.x_range().end;
        chart
            .configure_mesh()
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(TEXT)
            .label_style(font(16))
            .axis_desc_style(font(17))
            .x_desc("epoch")
            .y_desc(self.caption)
            .x_labels((epochs as usize).min(10))
            .y_labels(6)
            .x_label_formatter(&|epoch| format!("{epoch:.0}"))
            .y_label_formatter(&|value| format!("{value}"))
            .draw()
            .map_err(|error| words(&error))?;
        for (run, colour) in runs.iter().zip(COLOURS) {
            let points: Vec<(f64, f64)> = run
                .report
                .history
                .iter()
                .map(|record| (record.epoch as f64, (self.value)(record)))
                .filter(|(_, value)| value.is_finite() && (*value > 0.0 || !self.is_logarithmic))
                .collect();
            let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
            chart.draw_series(line).map_err(|error| words(&error))?.label(run.name.clone()).legend(
                move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)),
            );
            let dots = points.into_iter().map(|point| Circle::new(point, 3, colour.filled()));
            chart.draw_series(dots).map_err(|error| words(&error))?;
        }
        chart
            .configure_series_labels()
            .position(self.legend.clone())
            .background_style(WHITE.mix(0.85))
            .border_style(GRID)
            .label_font(font(16))
            .draw()
            .map_err(|error| words(&error))
    }
}
