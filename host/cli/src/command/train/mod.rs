//! `satkit train`.

mod arguments;
mod csv;
mod dense_stages;
mod memory;
mod plan;
mod plot;
mod progress;
pub(crate) mod record;
mod run;
mod summary;
mod table;
mod trace;

pub(crate) use arguments::TrainArguments;
pub(crate) use plan::check_lambda;

use crate::command::on_threads;
use crate::output;
use plan::Plan;
use summary::Summary;

pub(crate) fn run(arguments: &TrainArguments) -> anyhow::Result<()> {
    let plan = Plan::new(arguments)?;
    on_threads(arguments.threads, || {
        let runs = run::run(&plan, arguments)?;
        if let Some(path) = &arguments.plot {
            plot::draw(path, &plan.title(), &runs)?;
            output::note(format_args!("learning curves: {}", path.display()));
        }
        if arguments.json {
            return Ok(output::json(&Summary::of(&plan, &runs))?);
        }
        Ok(output::line(table::results(&plan, &runs))?)
    })
}
