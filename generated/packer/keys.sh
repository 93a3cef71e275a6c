# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.
# The keys that Cosign signs and verifies with, for packer/runner/lib.sh.
# shellcheck shell=bash disable=SC2034 # Read by the script that sources this one.
declare -A COSIGN_KEYS=(
  [aws]='awskms:///alias/example-image-signing'
  [gcp]='gcpkms://projects/example-fleet/locations/asia-northeast1/keyRings/fleet/cryptoKeys/image-signing/cryptoKeyVersions/1'
)
COSIGN_AWS_REGION='ap-northeast-1'
COSIGN_DEFAULT='aws'
