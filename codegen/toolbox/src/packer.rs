//! Packer, with its plugins.

use std::path::Path;
use std::process::Command;

use crate::process::run;
use crate::tools::Tools;

/// Installs Packer's plugins in a folder.
///
/// # Errors
/// Packer refuses a plugin.
pub fn install_plugins(tools: &Tools, folder: &Path) -> anyhow::Result<()> {
    fs_err::create_dir_all(folder)?;
    for (program, name) in tools.packer_plugins.iter().zip(["amazon", "googlecompute"]) {
        let mut install = with_plugins(tools, folder);
        install.args(["plugins", "install", "--path"]).arg(program);
        run(install.arg(format!("github.com/hashicorp/{name}")))?;
    }
    Ok(())
}

/// Packer, with the plugins of a folder.
pub fn with_plugins(tools: &Tools, folder: &Path) -> Command {
    let mut command = Command::new(&tools.packer);
    command.env("PACKER_PLUGIN_PATH", folder).env("CHECKPOINT_DISABLE", "1").env("PACKER_NO_COLOR", "1");
    command
}
