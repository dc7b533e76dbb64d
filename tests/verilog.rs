//! Whether tests may use a tool for Verilog. A file of its own: tests of other packages are parts of it, too.

/// True if `tool` can be run. Without it a test prints that it is skipped; under `RTL_SIM=require` it fails.
#[allow(unreachable_pub, reason = "it is public in one of the packages that it is a part of")]
pub fn has_verilog_tool(tool: &str) -> bool {
    let wish = std::env::var("RTL_SIM").unwrap_or_else(|_| "auto".into());
    assert!(
        ["off", "auto", "require"].contains(&wish.as_str()),
        "RTL_SIM={wish}; accepted: off, auto or require"
    );
    let version = if tool == "verilator" { "--version" } else { "-V" };
    let output = std::process::Command::new(tool).arg(version).output();
    let found = wish != "off" && output.is_ok_and(|output| output.status.success());
    assert!(found || wish != "require", "RTL_SIM=require, but {tool} cannot be run");
    if !found {
        println!("skipped: {tool} is not used (RTL_SIM={wish})");
    }
    found
}
