//! How long a core takes to compile, and how fast it runs: `cargo run --release -p satkit-rtl --example speed -- 32x32`.

use satkit_rtl::{Build, Model, Run};
use satkit_spec::ArrayConfig;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "tiny".into());
    let config = match name.split_once('x') {
        Some((rows, cols)) => ArrayConfig::vcu1525().with_size(rows.parse()?, cols.parse()?)?,
        None => ArrayConfig::named(&name)?,
    };
    let start = Instant::now();
    let tell = |progress| eprintln!("{:7.1} s {progress:?}", start.elapsed().as_secs_f64());
    let mut model = Model::new(&config, &Build { progress: Some(&tell), ..Build::default() })?;
    println!("{name}: model after {:.1} s", start.elapsed().as_secs_f64());
    let (clock, load_clock) = (model.port("clock")?, model.port("load_clock")?);
    let mut cycles = 1000;
    loop {
        let start = Instant::now();
        model.run(&Run { clock, also: Some(load_clock), cycles, watches: &[], stop: None }, |_| ());
        let seconds = start.elapsed().as_secs_f64();
        if seconds > 1.0 {
            println!("{name}: {:.0} cycles/s", cycles as f64 / seconds);
            return Ok(());
        }
        cycles *= 4;
    }
}
