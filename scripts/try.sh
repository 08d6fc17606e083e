#!/usr/bin/env bash
# Sets up, builds, and shows what layerscope makes of a capture: samples/mail-plain.pcap, or the file that is named.
set -euo pipefail
sample=$(realpath "${1:-"$(dirname "$0")/../samples/mail-plain.pcap"}")
cd "$(dirname "$0")/.."

scripts/setup.sh
cargo build --release
layerscope="${CARGO_TARGET_DIR:-target}/release/layerscope"

"$layerscope" overview "$sample"
"$layerscope" smtp "$sample"
