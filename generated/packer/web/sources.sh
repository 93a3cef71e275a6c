# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# The images of this layer, for packer/runner/images.sh: SOURCE NAME PLACE…. A place is a region on AWS, or the project on GCP.
# shellcheck shell=bash disable=SC2034 # Read by the script that sources this one.
SOURCES=(
  'amazon-ebs.amd64 example-web-amd64-1200aeaeb678 ap-northeast-1 us-west-2'
  'amazon-ebs.arm64 example-web-arm64-1200aeaeb678 ap-northeast-1 us-west-2'
  'googlecompute.amd64 example-web-amd64-1200aeaeb678 example-fleet'
  'googlecompute.arm64 example-web-arm64-1200aeaeb678 example-fleet'
)
