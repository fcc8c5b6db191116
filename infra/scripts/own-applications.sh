#!/usr/bin/env bash
# Make the identity an owner of chosen applications: with Application.ReadWrite.OwnedBy it can rotate these and no other.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: own-applications.sh --identity OBJECT_ID [--release] [--apply] (APPLICATION... | --file PATH)

  --identity OBJECT_ID  object id of the identity's service principal (output ROTATION_IDENTITY_PRINCIPAL_ID)
  APPLICATION           object id or client id of an application
  --file PATH           a file with one on each line; what follows # is a remark; - reads the input
  --release             take the ownership away again
  --apply               do it; without this, say what would be done

Needs: Azure CLI, signed in as a Cloud Application Administrator or Application Administrator. Safe to run again. Goes on
after an application that fails, and then ends with 1.
USAGE
}

identity='' file='' release=false apply=false applications=()
while [ $# -gt 0 ]; do
  case $1 in
    --identity) identity=${2:?--identity needs an object id}; shift ;;
    --file) file=${2:?--file needs a path}; shift ;;
    --release) release=true ;;
    --apply) apply=true ;;
    --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) applications+=("$1") ;;
  esac
  shift
done
if [ -n "$file" ]; then
  while read -r line || [ -n "$line" ]; do
    line=${line%%#*}
    line=${line//[[:space:]]/}
    if [ -n "$line" ]; then applications+=("$line"); fi
  done < <(cat -- "$file")
fi
if [ -z "$identity" ] || [ ${#applications[@]} -eq 0 ]; then usage >&2; exit 2; fi

failed=0
for application in "${applications[@]}"; do
  if ! name=$(az ad app show --id "$application" --query displayName --output tsv); then
    echo "$application: cannot be read" >&2
    failed=1
    continue
  fi
  if ! owners=$(az ad app owner list --id "$application" --query '[].id' --output tsv); then
    echo "$name: its owners cannot be read" >&2
    failed=1
    continue
  fi
  owned=false
  if grep -qixF "$identity" <<<"$owners"; then owned=true; fi
  if $release; then verb=remove did=released wish=false; else verb=add did=owned wish=true; fi
  if [ "$owned" = "$wish" ]; then
    echo "$name: $did already"
  elif ! $apply; then
    echo "$name: would be $did"
  elif az ad app owner "$verb" --id "$application" --owner-object-id "$identity" --output none; then
    echo "$name: $did"
  else
    echo "$name: could not be $did" >&2
    failed=1
  fi
done

$apply || echo 'Nothing was changed. Run it again with --apply.'
exit $failed
