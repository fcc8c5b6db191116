// What lives in the tenant, not in the subscription: the identity's Graph permissions, the sign-in application with its
// app roles, and the canary. Where a tenant forbids the Graph extension, infra/scripts does the same with the Azure CLI
// (grant-graph-permissions.sh, register-applications.sh); tests/infra holds that both name the same things.

extension microsoftGraphV1

@description('Tells this deployment\'s applications from those of another.')
param suffix string

@description('Object id of the identity that the function app acts as.')
param identityPrincipalId string

@description('May the identity add and remove secrets of every application? Otherwise only of those that it owns.')
param manageAllApplications bool

@description('May the identity read who owners are (names and addresses)? Without it, reminders reach audiences only.')
param readOwners bool

@description('Address of the function app, without a slash at its end.')
param appAddress string

@description('Object ids of people and groups who get the app role Administrator.')
param administratorIds array

var graphAppId = '00000003-0000-0000-c000-000000000000'
var writePermissions = manageAllApplications ? [
  'Application.ReadWrite.All'
] : [
  'Application.Read.All'
  'Application.ReadWrite.OwnedBy'
]
var readPermissions = [
  'AuditLog.Read.All'
  'Policy.Read.All'
]
var ownerPermissions = readOwners ? [
  'User.ReadBasic.All'
] : []
var permissions = concat(writePermissions, readPermissions, ownerPermissions)

var signInName = 'rotation-${suffix}'
var canaryName = 'rotation-canary-${suffix}'
var administratorRoleId = guid(signInName, 'Administrator')

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: graphAppId
}

resource grant 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for permission in permissions: {
  appRoleId: filter(graph.appRoles, role => role.value == permission)[0].id
  principalId: identityPrincipalId
  resourceId: graph.id
}]

resource signIn 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: signInName
  displayName: 'Rotation (${suffix})'
  description: 'Sign-in of Rotation. It has no secret: its app proves itself by its managed identity.'
  signInAudience: 'AzureADMyOrg'
  identifierUris: [
    'api://${tenant().tenantId}/${signInName}'
  ]
  web: {
    homePageUrl: appAddress
    redirectUris: [
      '${appAddress}/.auth/login/aad/callback'
    ]
    implicitGrantSettings: {
      enableIdTokenIssuance: true
      enableAccessTokenIssuance: false
    }
  }
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: [
      {
        id: guid(signInName, 'user_impersonation')
        value: 'user_impersonation'
        type: 'Admin'
        isEnabled: true
        adminConsentDisplayName: 'Use Rotation'
        adminConsentDescription: 'Lets the application use Rotation as the person who signed in.'
      }
    ]
  }
  optionalClaims: {
    accessToken: [
      {
        name: 'idtyp'
      }
    ]
  }
  appRoles: [
    {
      id: guid(signInName, 'Reader')
      value: 'Rotation.Reader'
      displayName: 'Reader'
      description: 'Sees applications, rotations and history.'
      allowedMemberTypes: [
        'User'
        'Application'
      ]
      isEnabled: true
    }
    {
      id: guid(signInName, 'Operator')
      value: 'Rotation.Operator'
      displayName: 'Operator'
      description: 'Asks for scans and rotations, approves, pauses and resumes.'
      allowedMemberTypes: [
        'User'
        'Application'
      ]
      isEnabled: true
    }
    {
      id: administratorRoleId
      value: 'Rotation.Administrator'
      displayName: 'Administrator'
      description: 'Enrols lines, approves destinations, declares a compromise.'
      allowedMemberTypes: [
        'User'
      ]
      isEnabled: true
    }
  ]
}

resource signInByIdentity 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = {
  name: '${signIn.uniqueName}/function-app'
  description: 'The function app proves that it is this application by its managed identity.'
  audiences: [
    'api://AzureADTokenExchange'
  ]
  issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
  subject: identityPrincipalId
}

resource signInPrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: signIn.appId
  appRoleAssignmentRequired: true
}

resource administrators 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for person in administratorIds: {
  appRoleId: administratorRoleId
  principalId: person
  resourceId: signInPrincipal.id
}]

// The canary: an application of ours, without rights, that rotates first each night.
resource canary 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: canaryName
  displayName: 'Rotation canary (${suffix})'
  description: 'Rotates first each night; when it does not complete, nothing else opens. It has no rights.'
  signInAudience: 'AzureADMyOrg'
  owners: {
    relationships: [
      identityPrincipalId
    ]
    relationshipSemantics: 'append'
  }
}

resource canaryPrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: canary.appId
}

@description('Client id of the sign-in application.')
output signInClientId string = signIn.appId

@description('Object id of the canary: what canary.application in rotation.yaml names.')
output canaryObjectId string = canary.id

@description('Client id of the canary.')
output canaryClientId string = canary.appId

@description('Object id of the canary\'s service principal, with which the proof signs in.')
output canaryPrincipalId string = canaryPrincipal.id
