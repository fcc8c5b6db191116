// The vault of every policy that names no other: the one home of secret text.

@description('Name of the vault: 3 to 24 letters, digits and hyphens, unique in the cloud.')
@minLength(3)
@maxLength(24)
param name string

@description('Azure region.')
param location string

@description('Tags.')
param tags object

@description('Only private endpoints reach the vault; addresses of allowedIpRanges do too.')
param privateNetwork bool

@description('Public address ranges that may reach the vault beside the private endpoint. Has no effect without privateNetwork.')
param allowedIpRanges array

@description('How many days a deleted secret or vault can be had back.')
@minValue(7)
@maxValue(90)
param keepDeletedDays int

@description('Object id of the identity that the function app acts as.')
param identityPrincipalId string

@description('Resource id of the role that the identity gets on this vault.')
param roleDefinitionId string

@description('Object id of the group whose members use the terminal: they see names, dates and tags, never a value. Empty: nobody.')
param operatorsGroupId string

@description('Workspace that keeps the audit of every read and write.')
param workspaceId string

var vaultReader = '21090545-7ca7-4776-b22c-e363652d74d2'

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  // checkov:skip=CKV_AZURE_109:the default is Deny with privateNetwork, which checkov cannot evaluate; without it Entra alone opens the vault
  // checkov:skip=CKV_AZURE_189:public access is off with privateNetwork; on this expression the check itself fails
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: keepDeletedDays
    enablePurgeProtection: true
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    publicNetworkAccess: privateNetwork && empty(allowedIpRanges) ? 'disabled' : 'enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
      ipRules: [for block in (privateNetwork ? allowedIpRanges : []): {
        value: block
      }]
    }
  }
}

resource use 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identityPrincipalId, roleDefinitionId)
  scope: vault
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: roleDefinitionId
  }
}

resource terminal 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(vault.id, operatorsGroupId, vaultReader)
  scope: vault
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', vaultReader)
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

@description('Resource id of the vault.')
output id string = vault.id

@description('Address of the vault: setting ROTATION_VAULT_URL.')
output address string = vault.properties.vaultUri
