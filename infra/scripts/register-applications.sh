#!/usr/bin/env bash
# Make the sign-in application and the canary, as modules/graph.bicep does, where the Graph extension is forbidden.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: register-applications.sh --identity OBJECT_ID --suffix TEXT --address URL [--administrator OBJECT_ID]... [--apply]

  --identity OBJECT_ID       object id of the identity's service principal (output ROTATION_IDENTITY_PRINCIPAL_ID)
  --suffix TEXT              output ROTATION_SUFFIX
  --address URL              output ROTATION_APP_URL
  --administrator OBJECT_ID  a person or group who gets the app role Administrator; may be given more than once
  --apply                    do it; without this, say what would be done

Needs: Azure CLI, signed in as an Application Administrator. Safe to run again. Then set parameter signInClientId to the
client id that it prints, and deploy again.
USAGE
}

identity='' suffix='' address='' apply=false administrators=()
while [ $# -gt 0 ]; do
  case $1 in
    --identity) identity=${2:?--identity needs an object id}; shift ;;
    --suffix) suffix=${2:?--suffix needs a text}; shift ;;
    --address) address=${2:?--address needs a URL}; shift ;;
    --administrator) administrators+=("${2:?--administrator needs an object id}"); shift ;;
    --apply) apply=true ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
if [ -z "$identity" ] || [ -z "$suffix" ] || [ -z "$address" ]; then usage >&2; exit 2; fi
address=${address%/}
sign_in_name=rotation-$suffix
canary_name=rotation-canary-$suffix

graph=$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)
graph=${graph%/}
authority=$(az cloud show --query endpoints.activeDirectory --output tsv)
authority=${authority%/}
tenant=$(az account show --query tenantId --output tsv)

ask() { az rest --resource "$graph" "$@"; }

# Prints the id of an application, or nothing. An application is known by its unique name, as in Bicep.
application() {
  ask --method get --url "$graph/v1.0/applications?\$filter=uniqueName eq '$1'&\$select=id,appId" \
    --query "value[0].$2" --output tsv
}

principal_of() {
  ask --method get --url "$graph/v1.0/servicePrincipals?\$filter=appId eq '$1'&\$select=id" --query 'value[0].id' --output tsv
}

new_id() { cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen; }

role() {
  printf '{"id":"%s","value":"Rotation.%s","displayName":"%s","description":"%s","allowedMemberTypes":[%s],"isEnabled":true}' \
    "$(new_id)" "$1" "$1" "$2" "$3"
}

sign_in_body() {
  local reader operator administrator
  reader=$(role Reader 'Sees applications, rotations and history.' '"User","Application"')
  operator=$(role Operator 'Asks for scans and rotations, approves, pauses and resumes.' '"User","Application"')
  administrator=$(role Administrator 'Enrols lines, approves destinations, declares a compromise.' '"User"')
  cat <<BODY
{"displayName":"Rotation ($suffix)","signInAudience":"AzureADMyOrg",
 "description":"Sign-in of Rotation. It has no secret: its app proves itself by its managed identity.",
 "identifierUris":["api://$tenant/$sign_in_name"],
 "web":{"homePageUrl":"$address","redirectUris":["$address/.auth/login/aad/callback"],
        "implicitGrantSettings":{"enableIdTokenIssuance":true,"enableAccessTokenIssuance":false}},
 "api":{"requestedAccessTokenVersion":2,"oauth2PermissionScopes":[{"id":"$(new_id)","value":"user_impersonation",
        "type":"Admin","isEnabled":true,"adminConsentDisplayName":"Use Rotation",
        "adminConsentDescription":"Lets the application use Rotation as the person who signed in."}]},
 "optionalClaims":{"accessToken":[{"name":"idtyp"}]},
 "appRoles":[$reader,$operator,$administrator]}
BODY
}

canary_body() {
  cat <<BODY
{"displayName":"Rotation canary ($suffix)","signInAudience":"AzureADMyOrg",
 "description":"Rotates first each night; when it does not complete, nothing else opens. It has no rights."}
BODY
}

# Makes the application (upsert by unique name) and its service principal where they are missing.
make() {
  local name=$1 body=$2
  if [ -n "$(application "$name" id)" ]; then
    echo "$name: there already; left as it was"
  elif $apply; then
    ask --method patch --url "$graph/v1.0/applications(uniqueName='$name')" --output none \
      --headers 'Prefer=create-if-missing' 'Content-Type=application/json' --body "$body"
    echo "$name: made"
  else
    echo "$name: would be made"
    return
  fi
  local client
  client=$(application "$name" appId)
  if [ -z "$(principal_of "$client")" ]; then
    if $apply; then
      ask --method post --url "$graph/v1.0/servicePrincipals" --output none --body "{\"appId\":\"$client\"}"
      echo "$name: service principal made"
    else
      echo "$name: service principal would be made"
    fi
  fi
}

make "$sign_in_name" "$(sign_in_body)"
make "$canary_name" "$(canary_body)"
if ! $apply; then
  echo 'The identity would be trusted by the sign-in application and own the canary; administrators would get their role.'
  echo 'Nothing was changed. Run it again with --apply.'
  exit 0
fi

sign_in=$(application "$sign_in_name" id)
sign_in_client=$(application "$sign_in_name" appId)
sign_in_principal=$(principal_of "$sign_in_client")
canary=$(application "$canary_name" id)

ask --method patch --url "$graph/v1.0/servicePrincipals/$sign_in_principal" --body '{"appRoleAssignmentRequired":true}' --output none

trusted=$(ask --method get --url "$graph/v1.0/applications/$sign_in/federatedIdentityCredentials" --query 'value[].subject' --output tsv)
if ! grep -qixF "$identity" <<<"$trusted"; then
  ask --method post --url "$graph/v1.0/applications/$sign_in/federatedIdentityCredentials" --output none \
    --body "{\"name\":\"function-app\",\"audiences\":[\"api://AzureADTokenExchange\"],\"issuer\":\"$authority/$tenant/v2.0\",\"subject\":\"$identity\"}"
  echo "$sign_in_name: trusts the identity"
fi

administrator_role=$(ask --method get --url "$graph/v1.0/applications/$sign_in?\$select=appRoles" \
  --query "appRoles[?value=='Rotation.Administrator'] | [0].id" --output tsv)
assigned=$(ask --method get --url "$graph/v1.0/servicePrincipals/$sign_in_principal/appRoleAssignedTo" \
  --query "value[?appRoleId=='$administrator_role'].principalId" --output tsv)
for person in ${administrators[@]+"${administrators[@]}"}; do
  if ! grep -qixF "$person" <<<"$assigned"; then
    ask --method post --url "$graph/v1.0/servicePrincipals/$sign_in_principal/appRoleAssignedTo" --output none \
      --body "{\"principalId\":\"$person\",\"resourceId\":\"$sign_in_principal\",\"appRoleId\":\"$administrator_role\"}"
    echo "$person: Administrator"
  fi
done

"$(dirname "$0")/own-applications.sh" --identity "$identity" --apply "$canary"

echo "signInClientId: $sign_in_client"
echo "canary.application: $canary"
