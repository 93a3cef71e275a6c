# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# The images of this layer, for packer/runner/images.sh: SOURCE NAME PLACE…. A place is a region on AWS, or the project on GCP.
# shellcheck shell=bash disable=SC2034 # Read by the script that sources this one.
SOURCES=(
  'amazon-ebs.amd64 example-vision-amd64-c763156d9601 ap-northeast-1 us-west-2'
  'googlecompute.amd64 example-vision-amd64-c763156d9601 example-fleet'
)
