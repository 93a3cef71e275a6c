#!/usr/bin/env bash
# Unpacks what the runner fetched and packed.
set -euo pipefail

cd "${DIRECTORY:?}/artifacts"
shopt -s nullglob
for archive in *.tar.gz; do
  tar --extract --gzip --no-same-owner --file "$archive"
  rm --force "$archive"
done
