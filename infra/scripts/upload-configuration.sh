#!/usr/bin/env bash
# Put rotation.yaml where the app reads it, as the pipeline does. By default only where there is none yet.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: upload-configuration.sh --account NAME --place blob:CONTAINER/NAME [--file PATH] [--overwrite] [--apply]

  --account NAME  the storage account (output AzureWebJobsStorage__accountName)
  --place PLACE   output ROTATION_CONFIG; a place that is no blob travels with the code, and nothing is done
  --file PATH     the configuration, by default rotation.yaml
  --overwrite     replace the one that is there; versions of it are kept
  --apply         do it; without this, say what would be done

Needs: Azure CLI, signed in as who has Storage Blob Data Contributor on that container (parameter pipelinePrincipalId).
A new role takes minutes to work: it tries for ten.
USAGE
}

account='' place='' file=rotation.yaml overwrite=false apply=false
while [ $# -gt 0 ]; do
  case $1 in
    --account) account=${2:?--account needs a name}; shift ;;
    --place) place=${2:?--place needs a place}; shift ;;
    --file) file=${2:?--file needs a path}; shift ;;
    --overwrite) overwrite=true ;;
    --apply) apply=true ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
if [ -z "$account" ] || [ -z "$place" ]; then usage >&2; exit 2; fi
case $place in
  blob:*/*) ;;
  *) echo "$place is no blob: the configuration travels with the code."; exit 0 ;;
esac
where=${place#blob:}
container=${where%%/*} name=${where#*/}

blob() { az storage blob "$@" --account-name "$account" --container-name "$container" --name "$name" --auth-mode login; }

if ! $apply; then
  echo "$file would be put to $place in $account (an existing one is $($overwrite && echo replaced || echo kept))."
  echo 'Nothing was changed. Run it again with --apply.'
  exit 0
fi

for attempt in 1 2 3 4 5 6 7 8 9 10; do
  if there=$(blob exists --query exists --output tsv); then
    if [ "$there" = true ] && ! $overwrite; then
      echo "$place is there already; it was left as it was."
      exit 0
    fi
    if blob upload --file "$file" --overwrite "$overwrite" --content-type application/yaml --output none; then
      echo "$place is $file now."
      exit 0
    fi
  fi
  echo "attempt $attempt of 10: not yet; a new role takes minutes, and a private network refuses other addresses" >&2
  if [ "$attempt" -lt 10 ]; then sleep 60; fi
done
echo "$place could not be written; when the role works: $0 --account $account --place $place --apply" >&2
exit 1
