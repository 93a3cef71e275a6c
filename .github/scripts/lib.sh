# shellcheck shell=bash
# What the scripts of workflows share. Sourced, never run.

# each_root COMMAND: runs COMMAND ROOT for each of $ROOTS, and goes on after a failure. Fails if one did. COMMAND runs without `set -e`.
each_root() {
  local root failed=0
  for root in $ROOTS; do
    # The names come from fleetgen. Nothing else may become a path.
    [[ $root =~ ^[a-z0-9_-]+/[a-z0-9-]+$ ]] || {
      printf 'not a root: %q\n' "$root" >&2
      return 1
    }
    printf '::group::%s\n' "$root"
    "$1" "$root" || {
      printf '::error title=%s::it failed; the log says why\n' "$root"
      failed=1
    }
    printf '::endgroup::\n'
  done
  return "$failed"
}

# roots_with STATUS: the roots whose plan has this status, as plan.sh writes it.
roots_with() {
  grep --recursive --files-with-matches --line-regexp "$1" --include='*.status' .fleetgen/plans | sed 's|^.fleetgen/plans/||; s|[.]status$||' | sort || true
}

# copy FROM TO: copies a file to or from a bucket.
copy() {
  if [[ $1 == gs://* || $2 == gs://* ]]; then gcloud storage cp "$1" "$2"; else aws s3 cp --only-show-errors "$1" "$2"; fi
}

# open_pull_request BRANCH TITLE BODY_FILE PATH…: commits PATH… as the App, and opens a pull request, or updates the one of BRANCH.
open_pull_request() {
  local branch=$1 title=$2 body=$3 base
  shift 3
  git add -- "$@"
  if git diff --cached --quiet; then
    echo 'nothing has changed'
    return
  fi
  base=$(git rev-parse --abbrev-ref HEAD)
  git checkout --quiet -B "$branch"
  git -c user.name=fleetgen -c user.email=fleetgen@users.noreply.github.com commit --quiet --message "$title"
  git push --quiet --force "https://x-access-token:$GH_TOKEN@github.com/$REPOSITORY.git" "HEAD:refs/heads/$branch"
  if [ "$(gh pr list --repo "$REPOSITORY" --head "$branch" --state open --json number --jq length)" = 0 ]; then
    gh pr create --repo "$REPOSITORY" --head "$branch" --base "$base" --title "$title" --body-file "$body"
  else
    gh pr edit "$branch" --repo "$REPOSITORY" --title "$title" --body-file "$body"
  fi
}
