// What the app does in a vault and nothing more: it never deletes, purges, backs up or restores a secret.

targetScope = 'subscription'

@description('Names of custom roles are unique in a tenant; this tells two deployments apart.')
param suffix string

@description('Resource id of the resource group in which the role can be assigned.')
param assignableScope string

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(assignableScope, 'rotation-vault-writer')
  properties: {
    roleName: 'Rotation vault writer ${suffix}'
    description: 'Reads, writes and disables secret versions. Cannot delete, purge, back up or restore.'
    type: 'CustomRole'
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.KeyVault/vaults/secrets/getSecret/action'
          'Microsoft.KeyVault/vaults/secrets/setSecret/action'
          'Microsoft.KeyVault/vaults/secrets/update/action'
          'Microsoft.KeyVault/vaults/secrets/readMetadata/action'
        ]
        notDataActions: []
      }
    ]
    assignableScopes: [
      assignableScope
    ]
  }
}

@description('Resource id of the role.')
output id string = role.id
