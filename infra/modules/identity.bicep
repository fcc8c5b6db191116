// The identity that the function app acts as: for storage, the vault, telemetry and Microsoft Graph.
// User-assigned, so that its rights exist before the app does and outlive it.

@description('Name of the identity.')
param name string

@description('Azure region.')
param location string

@description('Tags.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id of the identity.')
output id string = identity.id

@description('Client id of the identity: setting AZURE_CLIENT_ID.')
output clientId string = identity.properties.clientId

@description('Object id of its service principal: what roles are assigned to.')
output principalId string = identity.properties.principalId
