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
        [[ " ${clouds[*]} " == *" $cloud "* ]] || clouds+=("$cloud")
        break
      fi
    done
  done
  [ "${#sources[@]}" -gt 0 ] || fail "no image of the layer is built by ${patterns[*]}; choose from ${!names[*]}"
}

cloud_of() {
  case $1 in
    amazon-ebs.*) printf aws ;;
    *) printf gcp ;;
  esac
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

# images_of SOURCE: a line for each image with the exact name: PLACE ID, and on AWS its snapshots.
images_of() {
  local place
  for place in ${places[$1]}; do
    case $(cloud_of "$1") in
      aws)
        aws ec2 describe-images --region "$place" --owners self --filters "Name=name,Values=${names[$1]}" \
          --query 'Images[].[ImageId, join(`" "`, BlockDeviceMappings[].Ebs.SnapshotId | not_null(@, `[]`))]' --output text |
          sed "s/^/$place /"
        ;;
      gcp)
        gcloud compute images list --project "$place" --no-standard-images --filter "name=${names[$1]}" --format 'value(id)' |
          sed "s/^/$place /"
        ;;
    esac
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

# keep_sources REPORT: keeps the sources that left this report, and removes what the others made.
keep_sources() {
  local source kept=()
  for source in "${sources[@]}"; do
    if [ -s "$reports/$source/$1" ]; then
      kept+=("$source")
    else
      rm --force "$reports/$source/manifest.json"
      remove_images "$source"
    fi
  done
  sources=("${kept[@]}")
}

# remove_images SOURCE: removes the images that this run made, with their snapshots.
remove_images() {
  local place id snapshots snapshot line
  while read -r line; do
    [ -n "$line" ] || continue
    if grep --quiet --line-regexp --fixed-strings -- "$line" <<<"${before[$1]}"; then continue; fi
    read -r place id snapshots <<<"$line"
    printf 'removing %s %s in %s, which this build made\n' "${names[$1]}" "$id" "$place" >&2
    case $(cloud_of "$1") in
      aws)
        aws ec2 deregister-image --region "$place" --image-id "$id" >/dev/null
        for snapshot in $snapshots; do aws ec2 delete-snapshot --region "$place" --snapshot-id "$snapshot" >/dev/null; done
        ;;
      gcp) gcloud compute images delete "${names[$1]}" --project "$place" --quiet ;;
    esac
  done <<<"$(images_of "$1")"
}
