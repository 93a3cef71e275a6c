#!/usr/bin/env bash
# Builds fleetgen, with the features that are named.
# Usage: program.sh [FEATURES]
set -euo pipefail
toolchain=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
rustup toolchain install "$toolchain" --profile minimal
cargo "+$toolchain" build --release --locked --package fleetgen --features "${1:-}"
