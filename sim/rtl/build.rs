//! Compiles the models of the small arrays into the crate, where Verilator is there.

#[path = "src/verilate.rs"]
mod verilate;

use satkit_spec::ArrayConfig;
use std::path::{Path, PathBuf};

type Problem = Box<dyn std::error::Error>;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(have_rtl)");
    println!("cargo::rerun-if-env-changed=RTL_SIM");
    for file in ["build.rs", "src/verilate.rs", "src/shim.cpp"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let wish = std::env::var("RTL_SIM").unwrap_or_else(|_| "auto".into());
    let outcome = match (wish.as_str(), verilate::version()) {
        ("off", _) => write_table(&[]),
        ("auto" | "require", Some(_)) => build(),
        ("auto", None) => {
            let install = verilate::INSTALL;
            println!("cargo::warning=built without models of the RTL; to have them, {install}");
            write_table(&[])
        }
        ("require", None) => {
            Err(format!("RTL_SIM=require, but there is no verilator; {}", verilate::INSTALL).into())
        }
        _ => Err(format!("RTL_SIM={wish}; accepted: off, auto or require").into()),
    };
    if let Err(problem) = outcome {
        let problem = problem.to_string();
        for line in problem.lines() {
            println!("cargo::error={line}");
        }
    }
}

fn out() -> PathBuf {
    PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"))
}

/// A model in the binary: the hash of its Verilog, and its entry.
type Model = (String, String);

fn build() -> Result<(), Problem> {
    let mut models = Vec::new();
    let mut designs = Vec::new();
    for config in [ArrayConfig::tiny(), ArrayConfig::small()] {
        designs.push((satkit_hdl::core::design(&config)?, config.name.clone()));
        designs.push((satkit_hdl::accelerator::design(&config)?, config.name));
    }
    for (design, array) in designs {
        let name = format!("{}_{array}", design.top());
        let (prefix, entry) = (format!("V{name}"), format!("satkit_rtl_{name}"));
        let directory = out().join(&name);
        // What an earlier Verilator wrote there is not to be mixed in.
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory)?;
        let output = verilate::command(&design, &prefix, &directory, None)?.output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        let sources = verilate::sources(&design, &prefix, &entry, &directory, None)?;
        compile(&sources, &entry, models.is_empty())?;
        models.push((verilate::hash(&design), entry));
    }
    println!("cargo::rustc-cfg=have_rtl");
    write_table(&models)
}

fn compiler(sources: &verilate::Sources) -> cc::Build {
    let mut build = cc::Build::new();
    build.cpp(true).std(verilate::STANDARD).warnings(false).opt_level(2).debug(false);
    build.flag_if_supported("-faligned-new").includes(&sources.includes);
    for define in verilate::DEFINES {
        build.define(define, None);
    }
    build
}

/// The runtime is the same for all models and goes in with the first.
fn compile(sources: &verilate::Sources, library: &str, with_runtime: bool) -> Result<(), Problem> {
    let mut slow = compiler(sources);
    let slow = slow.opt_level(0).files(&sources.slow).try_compile_intermediates()?;
    let mut shim = compiler(sources);
    for (name, value) in &sources.shim_defines {
        shim.define(name, value.as_str());
    }
    let shim = shim.file(&sources.shim).try_compile_intermediates()?;
    let mut rest = compiler(sources);
    rest.files(&sources.fast);
    if with_runtime {
        rest.files(&sources.runtime);
    }
    for object in slow.into_iter().chain(shim) {
        rest.object(object);
    }
    Ok(rest.try_compile(library)?)
}

/// Declares what was compiled.
fn write_table(models: &[Model]) -> Result<(), Problem> {
    let mut text =
        String::from("// SAFETY: the shim defines them, and they only return an address.\n");
    text += "unsafe extern \"C\" {\n";
    for (_, entry) in models {
        text += &format!("    safe fn {entry}() -> *const Api;\n");
    }
    text += "}\n\n/// Models in this binary, by the hash of their Verilog.\n";
    text += "static BUILT_IN: &[(&str, extern \"C\" fn() -> *const Api)] = &[\n";
    for (hash, entry) in models {
        text += &format!("    (\"{hash}\", {entry}),\n");
    }
    text += "];\n";
    let path: &Path = &out().join("built_in.rs");
    Ok(std::fs::write(path, text)?)
}
