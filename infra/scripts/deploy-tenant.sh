#!/usr/bin/env bash
# Deploy to one customer from its parameter file, and to no other: the head of the file says which tenant, subscription and cloud.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: deploy-tenant.sh [--apply] FILE

  FILE      such as infra/tenants/contoso.bicepparam, with `// tenant:`, `// subscription:` and `// cloud:` at its head
  --apply   deploy; without this, say what would change (az deployment sub what-if)

Needs: Azure CLI, signed in to that tenant (az cloud set --name CLOUD, az login --tenant TENANT). Safe to run again. The
code follows by `azd deploy` or by the pipeline's own step; the configuration by upload-configuration.sh.
USAGE
}

apply=false file=''
while [ $# -gt 0 ]; do
  case $1 in
    --apply) apply=true ;;
    --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) [ -z "$file" ] || { usage >&2; exit 2; }; file=$1 ;;
  esac
  shift
done
[ -n "$file" ] || { usage >&2; exit 2; }
[ -r "$file" ] || { echo "$file: cannot be read" >&2; exit 2; }

head_of() { sed -n "s|^// *$1: *\([^ ]*\) *$|\1|p" "$file" | head -n 1; }
value_of() { sed -n "s|^param $1 = '\(.*\)'$|\1|p" "$file" | head -n 1; }

tenant=$(head_of tenant) subscription=$(head_of subscription) cloud=$(head_of cloud)
environment=$(value_of environmentName) location=$(value_of location)
for name in tenant subscription cloud environment location; do
  [ -n "${!name}" ] || { echo "$file: it does not say its $name" >&2; exit 2; }
done

here=$(az cloud show --query name --output tsv)
if [ "$here" != "$cloud" ]; then
  echo "$file is for $cloud, and you are in $here: az cloud set --name $cloud" >&2
  exit 3
fi
signed_in=$(az account show --subscription "$subscription" --query tenantId --output tsv) || signed_in=nobody
if [ "$signed_in" != "$tenant" ]; then
  echo "$file is for tenant $tenant, and subscription $subscription is seen as of $signed_in: az login --tenant $tenant" >&2
  exit 3
fi

if $apply; then verb=create; else verb=what-if; fi
az deployment sub "$verb" --name "rotation-$environment" --subscription "$subscription" --location "$location" --parameters "$file"
if $apply; then echo "$environment: deployed"; else echo "$environment: nothing was changed; --apply does it"; fi
