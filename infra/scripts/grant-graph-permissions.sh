#!/usr/bin/env bash
# Give the identity its Microsoft Graph permissions, as modules/graph.bicep does, where the Graph extension is forbidden.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: grant-graph-permissions.sh --identity OBJECT_ID [--all-applications] [--without-owners] [--apply]

  --identity OBJECT_ID   object id of the identity's service principal (output ROTATION_IDENTITY_PRINCIPAL_ID)
  --all-applications     Application.ReadWrite.All instead of .OwnedBy: secrets of every application
  --without-owners       leave out User.ReadBasic.All: names and addresses of owners stay unknown
  --apply                do it; without this, say what would be done

Needs: Azure CLI, signed in as a Privileged Role Administrator or Global Administrator. Safe to run again.
USAGE
}

GRAPH_APP_ID=00000003-0000-0000-c000-000000000000
identity='' all=false owners=true apply=false
while [ $# -gt 0 ]; do
  case $1 in
    --identity) identity=${2:?--identity needs an object id}; shift ;;
    --all-applications) all=true ;;
    --without-owners) owners=false ;;
    --apply) apply=true ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
if [ -z "$identity" ]; then usage >&2; exit 2; fi

if $all; then
  permissions=(Application.ReadWrite.All)
else
  permissions=(Application.Read.All Application.ReadWrite.OwnedBy)
fi
permissions+=(AuditLog.Read.All Policy.Read.All)
if $owners; then permissions+=(User.ReadBasic.All); fi

# Of a sovereign cloud, too.
graph=$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)
graph=${graph%/}

ask() { az rest --resource "$graph" "$@"; }

graph_principal=$(ask --method get --url "$graph/v1.0/servicePrincipals(appId='$GRAPH_APP_ID')?\$select=id" --query id --output tsv)
held=$(ask --method get --url "$graph/v1.0/servicePrincipals/$identity/appRoleAssignments" --query 'value[].appRoleId' --output tsv)

for permission in "${permissions[@]}"; do
  role=$(ask --method get --url "$graph/v1.0/servicePrincipals/$graph_principal?\$select=appRoles" \
    --query "appRoles[?value=='$permission'] | [0].id" --output tsv)
  if [ -z "$role" ] || [ "$role" = None ]; then
    echo "$permission: this cloud's Graph has no such permission" >&2
    exit 1
  fi
  if grep -qixF "$role" <<<"$held"; then
    echo "$permission: held already"
  elif $apply; then
    ask --method post --url "$graph/v1.0/servicePrincipals/$graph_principal/appRoleAssignedTo" --output none \
      --body "{\"principalId\":\"$identity\",\"resourceId\":\"$graph_principal\",\"appRoleId\":\"$role\"}"
    echo "$permission: granted"
  else
    echo "$permission: would be granted"
  fi
done

$apply || echo 'Nothing was changed. Run it again with --apply.'
