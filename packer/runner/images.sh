# shellcheck shell=bash
# What build.sh knows of images: which ones it builds, which exist, and how to remove them. Sourced, never run.
#
# SOURCES, of a layer's sources.sh, has a line for each image: SOURCE NAME PLACE…. A place is a region on AWS, or the project
# on GCP.
declare -A before=() names=() places=()
sources=() clouds=() chosen=0

# choose_sources ARGUMENT…: sets sources and clouds by the arguments before the first option; none means all.
choose_sources() {
  local line source name place argument patterns=() cloud
  for argument in "$@"; do
    case $argument in
      -*) break ;;
      aws) patterns+=('amazon-ebs.*') ;;
      gcp) patterns+=('googlecompute.*') ;;
      *) patterns+=("$argument") ;;
    esac
    chosen=$((chosen + 1))
  done
  [ "$chosen" -gt 0 ] || patterns=('*')
  for line in "${SOURCES[@]:?}"; do
    read -r source name place <<<"$line"
    names[$source]=$name places[$source]=$place
    for argument in "${patterns[@]}"; do
      # shellcheck disable=SC2053 # It is a pattern.
      if [[ $source == $argument ]]; then
        sources+=("$source")
        cloud=$(cloud_of "$source")
        is_wanted "$cloud" || clouds+=("$cloud")
        break
      fi
    done
  done
  [ "${#sources[@]}" -gt 0 ] || fail "no image of the layer is built by ${patterns[*]}; choose from ${!names[*]}"
}

# place_of_build CLOUD: where its images are made.
place_of_build() {
  local source
  for source in "${sources[@]}"; do
    if [ "$(cloud_of "$source")" = "$1" ]; then
      printf '%s' "${places[$source]%% *}"
      return
    fi
  done
}

# images_of SOURCE: a line for each image with the exact name: PLACE ID. Fails if one place does not answer.
images_of() {
  local place ids id
  for place in ${places[$1]}; do
    case $(cloud_of "$1") in
      aws)
        ids=$(aws ec2 describe-images --region "$place" --owners self --filters "Name=name,Values=${names[$1]}" \
          --query 'Images[].ImageId' --output text) || return 1
        ;;
      gcp)
        ids=$(gcloud compute images list --project "$place" --no-standard-images --filter "name=${names[$1]}" --format 'value(id)') ||
          return 1
        ;;
    esac
    for id in $ids; do printf '%s %s\n' "$place" "$id"; done
  done
}

# Packer would find only an image in the region of the build, and only after it started.
refuse_existing() {
  local source found=()
  for source in "${sources[@]}"; do
    if [ -n "${before[$source]}" ]; then found+=("${names[$source]} in $(cut --delimiter=' ' --fields=1 <<<"${before[$source]}" | tr '\n' ' ')"); fi
  done
  [ "${#found[@]}" -eq 0 ] || fail "these images exist: $(printf '%s; ' "${found[@]}")record them with \`fleetgen images record\`, or replace them with the option -force"
}

# remove_images SOURCE: removes the images that this run made, with their snapshots. Goes on after an error, and then fails.
remove_images() {
  local found place id status=0
  found=$(images_of "$1") || {
    printf 'error: cannot look for images called %s in %s; remove what the build left by hand\n' "${names[$1]}" "${places[$1]}" >&2
    return 1
  }
  while read -r place id; do
    [ -n "$id" ] || continue
    if grep --quiet --line-regexp --fixed-strings -- "$place $id" <<<"${before[$1]}"; then continue; fi
    printf 'removing %s %s in %s, which this build made\n' "${names[$1]}" "$id" "$place" >&2
    "remove_on_$(cloud_of "$1")" "$place" "$id" "${names[$1]}" || status=1
  done <<<"$found"
  return "$status"
}

# remove_on_aws REGION ID NAME
remove_on_aws() {
  local snapshots snapshot status=0
  # A copy that is still being made has no snapshot yet.
  aws ec2 wait image-available --region "$1" --image-ids "$2" || true
  snapshots=$(aws ec2 describe-images --region "$1" --image-ids "$2" \
    --query 'Images[].BlockDeviceMappings[].Ebs.SnapshotId' --output text) || return 1
  aws ec2 deregister-image --region "$1" --image-id "$2" >/dev/null || return 1
  for snapshot in $snapshots; do
    [ "$snapshot" = None ] || aws ec2 delete-snapshot --region "$1" --snapshot-id "$snapshot" >/dev/null || status=1
  done
  return "$status"
}

# remove_on_gcp PROJECT ID NAME
remove_on_gcp() { gcloud compute images delete "$3" --project "$1" --quiet; }
