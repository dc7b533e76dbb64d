//! Whether this machine can mount a virtual card. A file of its own: the command's tests belong to another package.

/// True if a FUSE file system can be mounted. Without that a test prints that it is skipped; under `FUSE=require` it fails.
#[allow(unreachable_pub, reason = "it is public in one of the packages that it is a part of")]
pub fn has_fuse() -> bool {
    let wish = std::env::var("FUSE").unwrap_or_else(|_| "auto".into());
    assert!(
        ["off", "auto", "require"].contains(&wish.as_str()),
        "FUSE={wish}; accepted: off, auto or require"
    );
    let helper = std::process::Command::new("fusermount3").arg("-V").output();
    let found = wish != "off" && std::path::Path::new("/dev/fuse").exists() && helper.is_ok();
    assert!(
        found || wish != "require",
        "FUSE=require, but there is no /dev/fuse or no fusermount3"
    );
    if !found {
        println!("skipped: FUSE is not used (FUSE={wish})");
    }
    found
}
