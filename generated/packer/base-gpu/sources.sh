# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# The images of this layer, for packer/runner/images.sh: SOURCE NAME PLACE…. A place is a region on AWS, or the project on GCP.
# shellcheck shell=bash disable=SC2034 # Read by the script that sources this one.
SOURCES=(
  'amazon-ebs.amd64 example-base-gpu-amd64-1b21a79e5b02 ap-northeast-1 us-west-2'
  'googlecompute.amd64 example-base-gpu-amd64-1b21a79e5b02 example-fleet'
)
